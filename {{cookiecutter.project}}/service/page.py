{{ "service/page.py" | from_root }}
