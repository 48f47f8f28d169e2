{{ "service/replies.py" | from_root }}
