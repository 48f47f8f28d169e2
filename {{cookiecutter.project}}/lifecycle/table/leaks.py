{{ "lifecycle/table/leaks.py" | from_root }}
