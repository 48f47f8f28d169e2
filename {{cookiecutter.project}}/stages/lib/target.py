{{ "stages/lib/target.py" | from_root }}
