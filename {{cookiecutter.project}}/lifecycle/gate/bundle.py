{{ "lifecycle/gate/bundle.py" | from_root }}
