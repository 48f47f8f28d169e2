{{ "lifecycle/evaluate/evaluation.py" | from_root }}
