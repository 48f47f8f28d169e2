{{ "tests/test_report.py" | from_root }}
