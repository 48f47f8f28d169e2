{{ "tests/test_bakery.py" | from_root }}
