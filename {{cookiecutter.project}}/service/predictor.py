{{ "service/predictor.py" | from_root }}
