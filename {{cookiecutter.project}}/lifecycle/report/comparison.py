{{ "lifecycle/report/comparison.py" | from_root }}
