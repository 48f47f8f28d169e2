{{ "tests/serving/test_image.py" | from_root }}
