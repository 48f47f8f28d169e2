{{ "tests/project/conftest.py" | from_root }}
