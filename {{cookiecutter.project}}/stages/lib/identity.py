{{ "stages/lib/identity.py" | from_root }}
