{{ "actions/compare.py" | from_root }}
