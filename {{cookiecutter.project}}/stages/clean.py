{{ "stages/clean.py" | from_root }}
