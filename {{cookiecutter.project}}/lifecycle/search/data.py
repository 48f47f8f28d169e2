{{ "lifecycle/search/data.py" | from_root }}
