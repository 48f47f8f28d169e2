{{ "lifecycle/report/headline.py" | from_root }}
