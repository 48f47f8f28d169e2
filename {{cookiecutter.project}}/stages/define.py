{{ "stages/define.py" | from_root }}
