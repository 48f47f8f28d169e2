{{ "tests/serving/test_predictor.py" | from_root }}
