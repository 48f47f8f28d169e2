{{ "tests/serving/test_shadow.py" | from_root }}
