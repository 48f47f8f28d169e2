{{ "service/log.py" | from_root }}
