{{ "lifecycle/model/fast_encode.py" | from_root }}
