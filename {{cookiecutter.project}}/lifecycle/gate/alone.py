{{ "lifecycle/gate/alone.py" | from_root }}
