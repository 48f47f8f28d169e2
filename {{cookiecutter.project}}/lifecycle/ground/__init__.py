{{ "lifecycle/ground/__init__.py" | from_root }}
