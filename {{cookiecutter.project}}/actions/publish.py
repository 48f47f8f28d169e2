{{ "actions/publish.py" | from_root }}
