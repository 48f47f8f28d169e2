{{ "stages/lib/findings.py" | from_root }}
