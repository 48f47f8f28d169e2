{{ "lifecycle/monitor/pictures.py" | from_root }}
