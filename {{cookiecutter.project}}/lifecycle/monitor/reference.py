{{ "lifecycle/monitor/reference.py" | from_root }}
