{{ "tests/test_validate.py" | from_root }}
