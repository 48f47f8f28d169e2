{{ "tests/test_cells.py" | from_root }}
