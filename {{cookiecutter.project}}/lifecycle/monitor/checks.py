{{ "lifecycle/monitor/checks.py" | from_root }}
