{{ "lifecycle/report/data_page.py" | from_root }}
