{{ "service/inference.py" | from_root }}
