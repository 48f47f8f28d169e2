{{ "lifecycle/gate/champion.py" | from_root }}
