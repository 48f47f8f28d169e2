{{ "lifecycle/table/header.py" | from_root }}
