{{ "tests/released.py" | from_root }}
