{{ "stages/lib/metrics.py" | from_root }}
