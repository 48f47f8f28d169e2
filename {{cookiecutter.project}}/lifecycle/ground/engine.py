{{ "lifecycle/ground/engine.py" | from_root }}
