{{ "lifecycle/table/rows.py" | from_root }}
