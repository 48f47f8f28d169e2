{{ "lifecycle/gate/mlflow_files.py" | from_root }}
