{{ "tests/small_model.py" | from_root }}
