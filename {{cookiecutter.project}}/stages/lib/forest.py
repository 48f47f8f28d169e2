{{ "stages/lib/forest.py" | from_root }}
