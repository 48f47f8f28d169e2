{{ "lifecycle/search/budget.py" | from_root }}
