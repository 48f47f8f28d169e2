{{ "stages/lib/drift.py" | from_root }}
