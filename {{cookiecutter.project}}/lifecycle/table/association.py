{{ "lifecycle/table/association.py" | from_root }}
