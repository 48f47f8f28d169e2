{{ "stages/lib/code.py" | from_root }}
