{{ "lifecycle/evaluate/slices.py" | from_root }}
