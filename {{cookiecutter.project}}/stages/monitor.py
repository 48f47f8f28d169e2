{{ "stages/monitor.py" | from_root }}
