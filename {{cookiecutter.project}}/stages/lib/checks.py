{{ "stages/lib/checks.py" | from_root }}
