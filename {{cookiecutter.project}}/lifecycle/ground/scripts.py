{{ "lifecycle/ground/scripts.py" | from_root }}
