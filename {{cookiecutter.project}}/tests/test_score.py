{{ "tests/project/test_score.py" | from_root }}
