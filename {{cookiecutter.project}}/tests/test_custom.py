{{ "tests/project/test_custom.py" | from_root }}
