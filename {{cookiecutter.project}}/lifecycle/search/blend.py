{{ "lifecycle/search/blend.py" | from_root }}
