{{ "actions/notify.py" | from_root }}
