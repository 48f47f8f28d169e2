{{ "actions/cluster_try.py" | from_root }}
