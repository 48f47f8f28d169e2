{{ "custom/metrics.py" | from_root }}
