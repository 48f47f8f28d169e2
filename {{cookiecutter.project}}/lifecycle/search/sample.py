{{ "lifecycle/search/sample.py" | from_root }}
