{{ "tests/serving/test_score.py" | from_root }}
