{{ "lifecycle/ground/errors.py" | from_root }}
