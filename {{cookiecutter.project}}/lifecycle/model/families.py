{{ "lifecycle/model/families.py" | from_root }}
