{{ "lifecycle/table/row_reader.py" | from_root }}
