{{ "tests/serving/test_kill.py" | from_root }}
