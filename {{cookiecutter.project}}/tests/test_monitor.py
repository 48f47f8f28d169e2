{{ "tests/test_monitor.py" | from_root }}
