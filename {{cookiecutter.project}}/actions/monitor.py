{{ "actions/monitor.py" | from_root }}
