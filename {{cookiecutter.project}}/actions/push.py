{{ "actions/push.py" | from_root }}
