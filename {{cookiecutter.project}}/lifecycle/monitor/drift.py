{{ "lifecycle/monitor/drift.py" | from_root }}
