{{ "tests/test_plan.py" | from_root }}
