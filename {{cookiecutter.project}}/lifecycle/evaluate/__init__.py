{{ "lifecycle/evaluate/__init__.py" | from_root }}
