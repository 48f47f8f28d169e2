{{ "lifecycle/evaluate/sure.py" | from_root }}
