{{ "lifecycle/report/sections.py" | from_root }}
