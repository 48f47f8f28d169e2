{{ "lifecycle/table/stretch.py" | from_root }}
