{{ "tests/test_encode.py" | from_root }}
