"""How a model is found: what the budget allows, cross-validation, the blend."""
