{{ "tests/test_folds.py" | from_root }}
