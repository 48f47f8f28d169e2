{{ "lifecycle/search/repeats.py" | from_root }}
