{{ "stages/lib/plan.py" | from_root }}
