{{ "service/measures.py" | from_root }}
