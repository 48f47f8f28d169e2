{{ "stages/lib/leaderboard.py" | from_root }}
