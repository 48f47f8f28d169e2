{{ "service/retention.py" | from_root }}
