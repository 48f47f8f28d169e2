{{ "tests/watched.py" | from_root }}
