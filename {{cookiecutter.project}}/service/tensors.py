{{ "service/tensors.py" | from_root }}
