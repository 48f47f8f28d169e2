{{ "lifecycle/table/dialect.py" | from_root }}
