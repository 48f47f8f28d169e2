{{ "lifecycle/report/__init__.py" | from_root }}
