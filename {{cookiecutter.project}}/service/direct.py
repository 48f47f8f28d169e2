{{ "service/direct.py" | from_root }}
