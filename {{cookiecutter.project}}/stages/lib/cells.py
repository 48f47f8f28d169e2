{{ "stages/lib/cells.py" | from_root }}
