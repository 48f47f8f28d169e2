{{ "lifecycle/table/number_column.py" | from_root }}
