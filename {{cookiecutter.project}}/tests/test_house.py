{{ "tests/project/test_house.py" | from_root }}
