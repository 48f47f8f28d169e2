{{ "lifecycle/ground/params.py" | from_root }}
