{{ "service/explanation.py" | from_root }}
