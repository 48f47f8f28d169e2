{{ "tests/serving/test_safety.py" | from_root }}
