{{ "tests/serving/test_release.py" | from_root }}
