{{ "lifecycle/gate/check.py" | from_root }}
