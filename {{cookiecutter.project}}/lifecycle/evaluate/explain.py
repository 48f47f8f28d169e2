{{ "lifecycle/evaluate/explain.py" | from_root }}
