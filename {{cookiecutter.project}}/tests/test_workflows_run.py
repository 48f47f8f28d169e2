{{ "tests/test_workflows_run.py" | from_root }}
