{{ "service/settings.py" | from_root }}
