{{ "custom/candidates.py" | from_root }}
