{{ "lifecycle/model/reasons.py" | from_root }}
