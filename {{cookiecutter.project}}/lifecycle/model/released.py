{{ "lifecycle/model/released.py" | from_root }}
