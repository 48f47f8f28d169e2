"""What the project's tests share: its contract, its rows, its bundle. They test what is yours; the engine was tested before."""

import os
from pathlib import Path

import pytest
import yaml

from lifecycle.table.contract import Contract, read_contract


@pytest.fixture(scope="session")
def root(pytestconfig) -> Path:
    """The project's folder."""
    return pytestconfig.rootpath


@pytest.fixture(autouse=True)
def in_the_project(root, monkeypatch):
    monkeypatch.chdir(root)


@pytest.fixture(scope="session")
def params(root) -> dict:
    return yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def contract(root) -> Contract:
    if not (root / "data/contract.yaml").exists():
        pytest.skip("data/contract.yaml is not here yet: `dvc repro` writes it")
    return read_contract(root / "data/contract.yaml")


@pytest.fixture(scope="session")
def held_out(root):
    """The rows that the model was tested on, typed."""
    import pandas as pd

    if not (root / "data/test.parquet").exists():
        pytest.skip("data/test.parquet is not here: `dvc repro` makes it, `dvc pull` fetches it")
    return pd.read_parquet(root / "data/test.parquet")


@pytest.fixture(scope="session")
def bundle(root) -> Path:
    """The folder that a service loads."""
    folder = root / "models/bundle"
    if (folder / "REFUSED.md").exists():
        pytest.skip("there is no bundle: the gate refused the candidate (models/bundle/REFUSED.md says why)")
    if not (folder / "manifest.json").exists():
        pytest.skip("there is no bundle here: `dvc repro` makes it, `dvc pull` fetches it")
    return folder


@pytest.fixture(scope="session")
def environment(bundle) -> dict[str, str]:
    """Of a process that runs the bundle's own code, and none of the work tree's."""
    return {**os.environ, "PYTHONPATH": str(bundle / "code"), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
