{{ "lifecycle/monitor/finding.py" | from_root }}
