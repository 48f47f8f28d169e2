{{ "lifecycle/table/units.py" | from_root }}
