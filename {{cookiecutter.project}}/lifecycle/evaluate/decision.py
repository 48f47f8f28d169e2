{{ "lifecycle/evaluate/decision.py" | from_root }}
