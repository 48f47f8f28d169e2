{{ "lifecycle/table/targets.py" | from_root }}
