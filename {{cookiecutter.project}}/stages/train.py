{{ "stages/train.py" | from_root }}
