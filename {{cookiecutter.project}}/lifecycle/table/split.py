{{ "lifecycle/table/split.py" | from_root }}
