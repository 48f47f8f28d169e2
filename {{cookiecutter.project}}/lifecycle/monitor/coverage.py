{{ "lifecycle/monitor/coverage.py" | from_root }}
