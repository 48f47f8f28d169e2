{{ "tests/test_network.py" | from_root }}
