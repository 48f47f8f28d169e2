{{ "lifecycle/monitor/batches.py" | from_root }}
