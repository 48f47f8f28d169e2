{{ "actions/collect.py" | from_root }}
