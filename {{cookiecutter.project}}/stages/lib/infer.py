{{ "stages/lib/infer.py" | from_root }}
