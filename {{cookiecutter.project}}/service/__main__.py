{{ "service/__main__.py" | from_root }}
