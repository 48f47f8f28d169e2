{{ "lifecycle/report/sides.py" | from_root }}
