{{ "tests/test_blend.py" | from_root }}
