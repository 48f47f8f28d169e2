{{ "lifecycle/table/conform.py" | from_root }}
