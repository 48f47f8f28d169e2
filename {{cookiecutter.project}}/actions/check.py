{{ "actions/check.py" | from_root }}
