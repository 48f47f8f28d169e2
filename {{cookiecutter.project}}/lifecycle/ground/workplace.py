{{ "lifecycle/ground/workplace.py" | from_root }}
