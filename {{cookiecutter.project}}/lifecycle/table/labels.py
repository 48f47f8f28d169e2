{{ "lifecycle/table/labels.py" | from_root }}
