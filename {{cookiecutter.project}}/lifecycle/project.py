{{ "lifecycle/project.py" | from_root }}
