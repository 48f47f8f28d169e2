{{ "stages/lib/performance.py" | from_root }}
