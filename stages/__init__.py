"""The stages of the lifecycle, each a script that dvc.yaml runs: `python -m stages.NAME`."""
