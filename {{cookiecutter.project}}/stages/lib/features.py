{{ "stages/lib/features.py" | from_root }}
