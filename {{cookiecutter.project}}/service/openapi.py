{{ "service/openapi.py" | from_root }}
