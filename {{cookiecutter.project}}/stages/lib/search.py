{{ "stages/lib/search.py" | from_root }}
