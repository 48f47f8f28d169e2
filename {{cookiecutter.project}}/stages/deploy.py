{{ "stages/deploy.py" | from_root }}
