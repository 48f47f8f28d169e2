{{ "lifecycle/table/contract.py" | from_root }}
