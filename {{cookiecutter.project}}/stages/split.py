{{ "stages/split.py" | from_root }}
