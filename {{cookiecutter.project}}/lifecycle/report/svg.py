{{ "lifecycle/report/svg.py" | from_root }}
