{{ "lifecycle/search/leaderboard.py" | from_root }}
