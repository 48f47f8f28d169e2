{{ "lifecycle/table/__init__.py" | from_root }}
