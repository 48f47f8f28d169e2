{{ "lifecycle/evaluate/titles.py" | from_root }}
