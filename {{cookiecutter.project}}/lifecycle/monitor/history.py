{{ "lifecycle/monitor/history.py" | from_root }}
