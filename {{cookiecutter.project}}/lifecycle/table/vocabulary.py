{{ "lifecycle/table/vocabulary.py" | from_root }}
