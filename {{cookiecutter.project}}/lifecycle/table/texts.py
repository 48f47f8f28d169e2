{{ "lifecycle/table/texts.py" | from_root }}
