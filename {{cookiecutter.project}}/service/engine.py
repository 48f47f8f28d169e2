{{ "service/engine.py" | from_root }}
