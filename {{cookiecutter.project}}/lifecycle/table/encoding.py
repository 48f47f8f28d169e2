{{ "lifecycle/table/encoding.py" | from_root }}
