{{ "actions/repro.py" | from_root }}
