{{ "lifecycle/gate/closure.py" | from_root }}
