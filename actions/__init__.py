"""What is done to the world, each a thin command: `python -m actions.NAME`. Unlike the stages they know Git and the clock."""

from lifecycle.ground.errors import explain_missing_packages

explain_missing_packages()
