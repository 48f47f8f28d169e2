{{ "stages/lib/folds.py" | from_root }}
