{{ "lifecycle/table/notation.py" | from_root }}
