{{ "lifecycle/table/layout.py" | from_root }}
