{{ "lifecycle/__init__.py" | from_root }}
