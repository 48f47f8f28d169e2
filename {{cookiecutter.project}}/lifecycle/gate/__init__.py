{{ "lifecycle/gate/__init__.py" | from_root }}
