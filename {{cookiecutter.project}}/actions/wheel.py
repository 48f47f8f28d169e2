{{ "actions/wheel.py" | from_root }}
