{{ "stages/lib/leaks.py" | from_root }}
