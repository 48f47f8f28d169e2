{{ "stages/lib/network.py" | from_root }}
