{{ "stages/lib/__init__.py" | from_root }}
