{{ "stages/lib/fit.py" | from_root }}
