{{ "lifecycle/table/roles.py" | from_root }}
