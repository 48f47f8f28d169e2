{{ "lifecycle/table/evidence.py" | from_root }}
