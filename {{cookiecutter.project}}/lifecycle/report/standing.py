{{ "lifecycle/report/standing.py" | from_root }}
