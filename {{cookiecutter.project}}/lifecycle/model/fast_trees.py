{{ "lifecycle/model/fast_trees.py" | from_root }}
