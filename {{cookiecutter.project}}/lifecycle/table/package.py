{{ "lifecycle/table/package.py" | from_root }}
