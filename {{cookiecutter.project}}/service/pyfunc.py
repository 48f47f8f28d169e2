{{ "service/pyfunc.py" | from_root }}
