{{ "stages/lib/candidates.py" | from_root }}
