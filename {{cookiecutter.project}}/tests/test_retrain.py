{{ "tests/test_retrain.py" | from_root }}
