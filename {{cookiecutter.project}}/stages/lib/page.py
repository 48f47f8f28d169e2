{{ "stages/lib/page.py" | from_root }}
