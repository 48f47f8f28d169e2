{{ "tests/serving/running.py" | from_root }}
