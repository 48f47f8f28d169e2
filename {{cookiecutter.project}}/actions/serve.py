{{ "actions/serve.py" | from_root }}
