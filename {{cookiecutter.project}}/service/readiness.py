{{ "service/readiness.py" | from_root }}
