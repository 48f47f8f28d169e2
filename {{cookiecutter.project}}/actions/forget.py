{{ "actions/forget.py" | from_root }}
