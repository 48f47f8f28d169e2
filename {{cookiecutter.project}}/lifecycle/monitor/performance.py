{{ "lifecycle/monitor/performance.py" | from_root }}
