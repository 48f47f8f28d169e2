{{ "lifecycle/report/dots.py" | from_root }}
