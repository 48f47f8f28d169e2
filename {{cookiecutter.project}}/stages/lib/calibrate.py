{{ "stages/lib/calibrate.py" | from_root }}
