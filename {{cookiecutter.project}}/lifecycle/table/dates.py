{{ "lifecycle/table/dates.py" | from_root }}
