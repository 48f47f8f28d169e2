{{ "actions/query.py" | from_root }}
