{{ "lifecycle/monitor/quality.py" | from_root }}
