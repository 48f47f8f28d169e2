{{ "lifecycle/table/groups.py" | from_root }}
