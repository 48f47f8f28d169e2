{{ "lifecycle/search/__init__.py" | from_root }}
