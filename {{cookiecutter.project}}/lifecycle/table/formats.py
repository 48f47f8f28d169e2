{{ "lifecycle/table/formats.py" | from_root }}
