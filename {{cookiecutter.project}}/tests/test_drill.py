{{ "tests/test_drill.py" | from_root }}
