{{ "tests/test_evaluate.py" | from_root }}
