{{ "lifecycle/report/document.py" | from_root }}
