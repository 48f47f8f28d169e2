{{ "service/bundle.py" | from_root }}
