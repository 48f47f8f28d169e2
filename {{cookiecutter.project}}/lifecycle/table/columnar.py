{{ "lifecycle/table/columnar.py" | from_root }}
