{{ "service/app.py" | from_root }}
