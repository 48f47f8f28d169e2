{{ "lifecycle/table/infer.py" | from_root }}
