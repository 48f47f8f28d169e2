{{ "lifecycle/table/clean.py" | from_root }}
