{{ "lifecycle/table/some_rows.py" | from_root }}
