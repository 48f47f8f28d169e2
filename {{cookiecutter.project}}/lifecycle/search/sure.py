{{ "lifecycle/search/sure.py" | from_root }}
