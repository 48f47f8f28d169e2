{{ "stages/evaluate.py" | from_root }}
