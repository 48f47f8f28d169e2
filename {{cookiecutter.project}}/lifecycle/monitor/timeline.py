{{ "lifecycle/monitor/timeline.py" | from_root }}
