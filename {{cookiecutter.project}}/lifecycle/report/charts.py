{{ "lifecycle/report/charts.py" | from_root }}
