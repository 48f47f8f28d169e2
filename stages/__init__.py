"""The stages of the lifecycle, each a script that dvc.yaml runs: `python -m stages.NAME`."""

from lifecycle.ground.errors import explain_missing_packages

explain_missing_packages()
