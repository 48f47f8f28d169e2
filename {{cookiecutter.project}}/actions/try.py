{{ "actions/try.py" | from_root }}
