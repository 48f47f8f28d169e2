"""From a file to typed rows: reading, the contract, cleaning, splitting."""
