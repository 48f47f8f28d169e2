{{ "service/frames.py" | from_root }}
