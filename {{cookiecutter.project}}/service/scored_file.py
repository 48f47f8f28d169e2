{{ "service/scored_file.py" | from_root }}
