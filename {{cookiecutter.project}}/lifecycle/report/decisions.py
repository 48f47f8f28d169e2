{{ "lifecycle/report/decisions.py" | from_root }}
