"""Bundle: a model folder that is loaded only after every file in it has the hash that its manifest states.

    python -m service.bundle FOLDER [--exact]      verify it: hashes, library versions, golden answers

Nothing of the bundle is imported or unpickled before its hash is known to be right.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from lifecycle.model.store import BundleError, read_manifest, wrong_files

CLOSE = 1e-9  # another processor may differ in the last digits of a sum; a wrong model differs in the first


def wrong_versions(manifest: dict[str, Any]) -> list[str]:
    """Libraries that are not those that the model was fitted and tried with."""
    faults = []
    for name, told in manifest["versions"].items():
        try:
            here = f"{sys.version_info.major}.{sys.version_info.minor}" if name == "python" else metadata.version(name)
        except metadata.PackageNotFoundError:
            here = "not installed"
        if here != told:
            cure = f"run it with Python {told}" if name == "python" else "install the bundle's requirements.txt"
            faults.append(f"{name} is {here}, the bundle was made with {told}; {cure}")
    return faults


class Bundle:
    """A verified, loaded bundle: `model`, `contract`, `manifest`, `golden`, `version`; `predictor` answers rows."""

    def __init__(self, folder: str | Path, version: str = "") -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        faults = wrong_files(self.folder, self.manifest) + wrong_versions(self.manifest)
        if faults:
            raise BundleError(self.folder, faults)
        # only now: joblib runs what the file says
        from lifecycle.ground.errors import UserError
        from lifecycle.ground.files import read_json
        from lifecycle.model.store import load_model
        from lifecycle.table.contract import read_contract

        self.contract = read_contract(self.folder / "contract.yaml")
        self.golden = read_json(self.folder / "golden.json")
        try:
            self.model = load_model(self.folder)
        except UserError as error:
            raise BundleError(self.folder, [str(error)]) from None
        self.digest = hashlib.sha256((self.folder / "manifest.json").read_bytes()).hexdigest()
        self.version = version or self.digest[:12]

        from service.predictor import Predictor

        self.predictor = Predictor(self.model, self.contract)

    def golden_difference(self, one_by_one: bool = False) -> float:
        """The largest difference between the golden answers and what is answered now, relative to the largest of them."""
        told, rows = np.array(self.golden["answers"]), self.golden["rows"]
        now = (
            np.concatenate([self.predictor.answers([r]) for r in rows]) if one_by_one else self.predictor.answers(rows)
        )
        return float(np.abs(now - told).max() / max(1.0, np.abs(told).max()))

    def faults(self) -> list[str]:
        """What is wrong now; empty when ready. Called at the start and by GET /health/ready."""
        found = wrong_files(self.folder, self.manifest) + wrong_versions(self.manifest)
        difference = self.golden_difference()
        if not difference <= CLOSE:
            found.append(
                f"golden rows are answered otherwise than at release (by up to {difference:.3g}); install its requirements.txt"
            )
        return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m service.bundle", description="verify a bundle")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--exact", action="store_true", help="golden answers to the last digit, as on the machine that made them"
    )
    given = parser.parse_args(arguments)
    try:
        bundle = Bundle(given.folder)
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    difference = bundle.golden_difference()
    alike = difference <= (0.0 if given.exact else CLOSE) and bundle.golden_difference(one_by_one=True) <= CLOSE
    if not alike:
        print(f"error: {given.folder}: golden rows are answered otherwise, by up to {difference:.3g}", file=sys.stderr)
        return 1
    n_files, n_golden = len(bundle.manifest["files"]), len(bundle.golden["rows"])
    print(
        f"ready: {n_files} files and {len(bundle.manifest['versions'])} versions as stated, {n_golden} golden rows answered alike"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
