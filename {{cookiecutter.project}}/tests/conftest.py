{{ "tests/conftest.py" | from_root }}
