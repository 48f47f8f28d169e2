{{ "tests/test_drift.py" | from_root }}
