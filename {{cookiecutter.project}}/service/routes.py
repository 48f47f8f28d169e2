{{ "service/routes.py" | from_root }}
