{{ "lifecycle/table/footer.py" | from_root }}
