{{ "stages/lib/curves.py" | from_root }}
