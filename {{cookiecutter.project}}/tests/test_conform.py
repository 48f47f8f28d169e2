{{ "tests/test_conform.py" | from_root }}
