{{ "stages/lib/verdict.py" | from_root }}
