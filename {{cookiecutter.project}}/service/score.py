{{ "service/score.py" | from_root }}
