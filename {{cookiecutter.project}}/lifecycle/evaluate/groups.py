{{ "lifecycle/evaluate/groups.py" | from_root }}
