{{ "actions/__init__.py" | from_root }}
