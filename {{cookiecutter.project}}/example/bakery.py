{{ "example/bakery.py" | from_root }}
