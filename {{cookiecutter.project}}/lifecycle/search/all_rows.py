{{ "lifecycle/search/all_rows.py" | from_root }}
