{{ "tests/serving/test_deploy.py" | from_root }}
