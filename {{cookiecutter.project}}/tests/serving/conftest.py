{{ "tests/serving/conftest.py" | from_root }}
