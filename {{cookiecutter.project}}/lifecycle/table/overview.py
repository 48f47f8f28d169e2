{{ "lifecycle/table/overview.py" | from_root }}
