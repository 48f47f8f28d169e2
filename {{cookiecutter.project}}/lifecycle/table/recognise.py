{{ "lifecycle/table/recognise.py" | from_root }}
