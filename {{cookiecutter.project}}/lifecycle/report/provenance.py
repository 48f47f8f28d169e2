{{ "lifecycle/report/provenance.py" | from_root }}
