{{ "lifecycle/model/scaled_target.py" | from_root }}
