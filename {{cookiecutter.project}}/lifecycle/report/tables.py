{{ "lifecycle/report/tables.py" | from_root }}
