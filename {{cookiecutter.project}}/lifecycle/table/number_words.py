{{ "lifecycle/table/number_words.py" | from_root }}
