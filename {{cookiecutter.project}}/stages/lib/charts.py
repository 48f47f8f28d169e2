{{ "stages/lib/charts.py" | from_root }}
