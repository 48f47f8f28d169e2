{{ "actions/registry.py" | from_root }}
