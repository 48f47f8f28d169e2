{{ "stages/lib/errors.py" | from_root }}
