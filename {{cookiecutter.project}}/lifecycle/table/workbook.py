{{ "lifecycle/table/workbook.py" | from_root }}
