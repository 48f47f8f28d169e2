{{ "actions/refresh.py" | from_root }}
