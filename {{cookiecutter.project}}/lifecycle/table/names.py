{{ "lifecycle/table/names.py" | from_root }}
