{{ "stages/lib/encode.py" | from_root }}
