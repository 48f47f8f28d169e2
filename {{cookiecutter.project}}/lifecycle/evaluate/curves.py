{{ "lifecycle/evaluate/curves.py" | from_root }}
