{{ "lifecycle/monitor/__init__.py" | from_root }}
