{{ "tests/test_calibrate.py" | from_root }}
