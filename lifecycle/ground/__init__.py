"""What every room stands on: errors, files, parameters, metrics, words. It imports none of the rooms."""
