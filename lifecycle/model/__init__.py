"""What answers: encoder, families, calibration, and how a model is kept."""
