{{ "stages/lib/blend.py" | from_root }}
