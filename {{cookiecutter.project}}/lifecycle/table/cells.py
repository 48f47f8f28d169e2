{{ "lifecycle/table/cells.py" | from_root }}
