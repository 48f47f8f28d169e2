{{ "lifecycle/report/certainty.py" | from_root }}
