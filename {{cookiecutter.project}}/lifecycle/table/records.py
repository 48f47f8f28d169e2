{{ "lifecycle/table/records.py" | from_root }}
