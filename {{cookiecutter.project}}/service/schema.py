{{ "service/schema.py" | from_root }}
