{{ "service/folder.py" | from_root }}
