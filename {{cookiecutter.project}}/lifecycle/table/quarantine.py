{{ "lifecycle/table/quarantine.py" | from_root }}
