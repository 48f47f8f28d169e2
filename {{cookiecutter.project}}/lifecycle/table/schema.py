{{ "lifecycle/table/schema.py" | from_root }}
