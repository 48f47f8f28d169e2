{{ "tests/test_define.py" | from_root }}
