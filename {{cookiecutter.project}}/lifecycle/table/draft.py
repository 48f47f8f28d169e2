{{ "lifecycle/table/draft.py" | from_root }}
