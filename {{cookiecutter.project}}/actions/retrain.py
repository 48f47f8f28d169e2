{{ "actions/retrain.py" | from_root }}
