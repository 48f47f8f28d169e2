{{ "lifecycle/monitor/estimate.py" | from_root }}
