{{ "lifecycle/table/read.py" | from_root }}
