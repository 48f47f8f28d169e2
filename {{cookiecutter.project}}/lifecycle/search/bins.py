{{ "lifecycle/search/bins.py" | from_root }}
