{{ "actions/summary.py" | from_root }}
