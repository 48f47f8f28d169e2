{{ "stages/validate.py" | from_root }}
