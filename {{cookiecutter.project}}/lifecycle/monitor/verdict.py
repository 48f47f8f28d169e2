{{ "lifecycle/monitor/verdict.py" | from_root }}
