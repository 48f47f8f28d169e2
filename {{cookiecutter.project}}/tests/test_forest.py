{{ "tests/test_forest.py" | from_root }}
