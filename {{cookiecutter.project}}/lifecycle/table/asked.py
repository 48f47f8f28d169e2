{{ "lifecycle/table/asked.py" | from_root }}
