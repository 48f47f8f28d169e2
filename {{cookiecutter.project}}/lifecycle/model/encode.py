{{ "lifecycle/model/encode.py" | from_root }}
