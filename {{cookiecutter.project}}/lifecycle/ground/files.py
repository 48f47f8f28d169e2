{{ "lifecycle/ground/files.py" | from_root }}
