{{ "stages/lib/explain.py" | from_root }}
