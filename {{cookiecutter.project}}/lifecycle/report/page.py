{{ "lifecycle/report/page.py" | from_root }}
