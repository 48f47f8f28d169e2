{{ "actions/rollback.py" | from_root }}
