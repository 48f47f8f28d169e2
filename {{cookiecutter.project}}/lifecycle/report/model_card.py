{{ "lifecycle/report/model_card.py" | from_root }}
