{{ "lifecycle/gate/checks.py" | from_root }}
