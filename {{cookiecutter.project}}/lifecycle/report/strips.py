{{ "lifecycle/report/strips.py" | from_root }}
