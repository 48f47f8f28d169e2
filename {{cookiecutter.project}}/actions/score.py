{{ "actions/score.py" | from_root }}
