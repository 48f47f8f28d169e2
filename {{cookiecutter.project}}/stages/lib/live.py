{{ "stages/lib/live.py" | from_root }}
