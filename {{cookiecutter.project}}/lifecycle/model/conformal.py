{{ "lifecycle/model/conformal.py" | from_root }}
