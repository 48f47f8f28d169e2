{{ "custom/__init__.py" | from_root }}
