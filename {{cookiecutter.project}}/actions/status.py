{{ "actions/status.py" | from_root }}
