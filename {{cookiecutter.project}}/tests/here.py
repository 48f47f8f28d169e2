{{ "tests/here.py" | from_root }}
