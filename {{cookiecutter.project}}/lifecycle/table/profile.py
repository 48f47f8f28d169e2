{{ "lifecycle/table/profile.py" | from_root }}
