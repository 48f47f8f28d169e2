{{ "lifecycle/gate/right.py" | from_root }}
