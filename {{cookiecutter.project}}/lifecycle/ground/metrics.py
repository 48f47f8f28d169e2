{{ "lifecycle/ground/metrics.py" | from_root }}
