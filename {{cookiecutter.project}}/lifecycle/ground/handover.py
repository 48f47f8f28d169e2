{{ "lifecycle/ground/handover.py" | from_root }}
