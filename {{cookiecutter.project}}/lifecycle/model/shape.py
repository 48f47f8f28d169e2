{{ "lifecycle/model/shape.py" | from_root }}
