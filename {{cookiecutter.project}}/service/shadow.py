{{ "service/shadow.py" | from_root }}
