{{ "lifecycle/table/sentinels.py" | from_root }}
