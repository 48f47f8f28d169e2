{{ "custom/features.py" | from_root }}
