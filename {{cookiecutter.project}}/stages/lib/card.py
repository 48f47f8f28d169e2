{{ "stages/lib/card.py" | from_root }}
