{{ "tests/serving/test_page.py" | from_root }}
