{{ "lifecycle/table/duplicates.py" | from_root }}
