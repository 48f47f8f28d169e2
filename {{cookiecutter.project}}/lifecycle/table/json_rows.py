{{ "lifecycle/table/json_rows.py" | from_root }}
