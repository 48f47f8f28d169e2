{{ "stages/report.py" | from_root }}
