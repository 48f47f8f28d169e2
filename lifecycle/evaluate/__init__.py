"""How good it is: metrics with intervals, curves, slices, explanations."""
