{{ "lifecycle/gate/good.py" | from_root }}
