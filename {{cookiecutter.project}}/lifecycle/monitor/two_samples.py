{{ "lifecycle/monitor/two_samples.py" | from_root }}
