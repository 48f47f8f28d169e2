{{ "tests/test_pipeline.py" | from_root }}
