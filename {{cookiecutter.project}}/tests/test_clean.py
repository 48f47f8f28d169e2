{{ "tests/test_clean.py" | from_root }}
