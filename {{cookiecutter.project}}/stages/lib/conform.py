{{ "stages/lib/conform.py" | from_root }}
