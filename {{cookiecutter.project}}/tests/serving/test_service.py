{{ "tests/serving/test_service.py" | from_root }}
