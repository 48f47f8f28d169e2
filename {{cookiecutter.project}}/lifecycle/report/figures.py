{{ "lifecycle/report/figures.py" | from_root }}
