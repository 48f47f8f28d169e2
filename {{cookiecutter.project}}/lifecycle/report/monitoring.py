{{ "lifecycle/report/monitoring.py" | from_root }}
