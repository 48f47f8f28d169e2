{{ "lifecycle/model/model.py" | from_root }}
