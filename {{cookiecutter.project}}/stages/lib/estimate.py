{{ "stages/lib/estimate.py" | from_root }}
