{{ "stages/lib/table.py" | from_root }}
