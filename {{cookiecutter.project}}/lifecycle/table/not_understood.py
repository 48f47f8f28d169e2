{{ "lifecycle/table/not_understood.py" | from_root }}
