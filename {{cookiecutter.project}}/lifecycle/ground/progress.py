{{ "lifecycle/ground/progress.py" | from_root }}
