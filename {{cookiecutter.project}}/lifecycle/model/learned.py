{{ "lifecycle/model/learned.py" | from_root }}
