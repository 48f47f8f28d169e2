{{ "stages/lib/model.py" | from_root }}
