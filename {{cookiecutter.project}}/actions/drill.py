{{ "actions/drill.py" | from_root }}
