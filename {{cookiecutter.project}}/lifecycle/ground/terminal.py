{{ "lifecycle/ground/terminal.py" | from_root }}
