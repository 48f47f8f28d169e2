{{ "lifecycle/monitor/watch.py" | from_root }}
