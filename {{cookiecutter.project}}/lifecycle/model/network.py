{{ "lifecycle/model/network.py" | from_root }}
