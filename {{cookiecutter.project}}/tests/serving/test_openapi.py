{{ "tests/serving/test_openapi.py" | from_root }}
