{{ "lifecycle/table/date_column.py" | from_root }}
