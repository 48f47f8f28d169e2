{{ "actions/export_mlflow.py" | from_root }}
