{{ "stages/lib/monitor_page.py" | from_root }}
