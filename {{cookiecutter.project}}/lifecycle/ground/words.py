{{ "lifecycle/ground/words.py" | from_root }}
