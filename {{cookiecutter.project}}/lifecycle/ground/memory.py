{{ "lifecycle/ground/memory.py" | from_root }}
