{{ "lifecycle/search/crossval.py" | from_root }}
