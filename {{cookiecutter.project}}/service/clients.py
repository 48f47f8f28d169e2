{{ "service/clients.py" | from_root }}
