{{ "lifecycle/table/folds.py" | from_root }}
