{{ "tests/project/test_contract.py" | from_root }}
