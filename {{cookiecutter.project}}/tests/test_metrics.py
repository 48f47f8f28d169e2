{{ "tests/test_metrics.py" | from_root }}
