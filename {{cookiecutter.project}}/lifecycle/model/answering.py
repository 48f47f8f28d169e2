{{ "lifecycle/model/answering.py" | from_root }}
