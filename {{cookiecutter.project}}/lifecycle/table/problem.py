{{ "lifecycle/table/problem.py" | from_root }}
