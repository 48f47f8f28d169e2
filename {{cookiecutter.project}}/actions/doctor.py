{{ "actions/doctor.py" | from_root }}
