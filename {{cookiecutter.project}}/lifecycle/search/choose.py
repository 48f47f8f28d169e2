{{ "lifecycle/search/choose.py" | from_root }}
