{{ "lifecycle/search/dates.py" | from_root }}
