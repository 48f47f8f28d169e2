{{ "tests/scratch.py" | from_root }}
