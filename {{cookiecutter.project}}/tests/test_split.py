{{ "tests/test_split.py" | from_root }}
