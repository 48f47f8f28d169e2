"""What people read: the report, the monitor's page, the model card."""
