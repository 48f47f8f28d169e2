{{ "tests/serving/test_postgres.py" | from_root }}
