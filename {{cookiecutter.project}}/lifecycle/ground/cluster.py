{{ "lifecycle/ground/cluster.py" | from_root }}
