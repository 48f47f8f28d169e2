{{ "lifecycle/table/grid.py" | from_root }}
