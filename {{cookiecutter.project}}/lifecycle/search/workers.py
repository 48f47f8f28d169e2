{{ "lifecycle/search/workers.py" | from_root }}
