{{ "tests/project/test_service.py" | from_root }}
