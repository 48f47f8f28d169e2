{{ "tests/serving/build.py" | from_root }}
