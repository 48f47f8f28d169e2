{{ "lifecycle/table/levels.py" | from_root }}
