{{ "stages/lib/files.py" | from_root }}
