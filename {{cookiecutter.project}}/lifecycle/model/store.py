{{ "lifecycle/model/store.py" | from_root }}
