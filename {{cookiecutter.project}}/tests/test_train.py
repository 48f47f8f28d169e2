{{ "tests/test_train.py" | from_root }}
