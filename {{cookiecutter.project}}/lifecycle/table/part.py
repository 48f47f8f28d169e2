{{ "lifecycle/table/part.py" | from_root }}
