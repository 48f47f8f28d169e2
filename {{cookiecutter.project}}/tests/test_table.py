{{ "tests/test_table.py" | from_root }}
