{{ "lifecycle/report/templates/threshold.js" | from_root }}
