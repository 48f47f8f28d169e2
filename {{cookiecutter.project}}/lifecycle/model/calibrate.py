{{ "lifecycle/model/calibrate.py" | from_root }}
