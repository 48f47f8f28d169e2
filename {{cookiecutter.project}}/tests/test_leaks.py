{{ "tests/test_leaks.py" | from_root }}
