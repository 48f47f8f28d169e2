{{ "tests/serving/test_remote.py" | from_root }}
