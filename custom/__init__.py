"""What is yours: features of your own and further model families. The stages hand them to the engine."""
