{{ "actions/release.py" | from_root }}
