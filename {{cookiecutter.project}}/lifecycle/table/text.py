{{ "lifecycle/table/text.py" | from_root }}
