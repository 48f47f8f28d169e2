{{ "lifecycle/table/define.py" | from_root }}
