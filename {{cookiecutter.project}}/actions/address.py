{{ "actions/address.py" | from_root }}
