{{ "lifecycle/model/__init__.py" | from_root }}
