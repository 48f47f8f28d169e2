{{ "tests/project/test_bundle.py" | from_root }}
