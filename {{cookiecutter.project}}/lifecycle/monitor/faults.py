{{ "lifecycle/monitor/faults.py" | from_root }}
