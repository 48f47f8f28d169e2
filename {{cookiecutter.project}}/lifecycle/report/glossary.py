{{ "lifecycle/report/glossary.py" | from_root }}
