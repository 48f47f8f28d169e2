{{ "service/guard.py" | from_root }}
