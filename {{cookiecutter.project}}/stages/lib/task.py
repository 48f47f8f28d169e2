{{ "stages/lib/task.py" | from_root }}
