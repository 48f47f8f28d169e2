{{ "stages/lib/quality.py" | from_root }}
