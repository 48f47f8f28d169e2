"""Run by its path in a fresh process, with a bundle's folder: does it answer with what it brings, and what else does it load?

Packages that the bundle's requirements.txt does not name cannot be imported here, as they are not there where it is served.
What pandas or scikit-learn import only where it is installed (pyarrow, say) is therefore no need of the model's. Prints one
line of JSON: {"missing": MODULE}, {"error": why}, or {"loaded": {distribution: version}}, those that the model alone brought.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

BASE = ("service.bundle", "service.predictor", "lifecycle.model.store", "lifecycle.model.model", "joblib", "sklearn")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: Path) -> set[str]:
    """Distributions that a lock names."""
    lines = requirements.read_text("utf-8").splitlines()
    return {plain(re.split(r"[\s=<>!~;\[@]", line.strip())[0]) for line in lines if line.strip()[:1].isalnum()}


class Only:
    """Finds modules as Python's own finder does, but none of a distribution that is not among `allowed`."""

    def __init__(self, allowed: set[str], owners: dict[str, list[str]]) -> None:
        self.hidden = {top for top, names in owners.items() if not allowed & set(map(plain, names))}
        self.missed: list[str] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] in self.hidden:
            self.missed.append(name)
            return None
        return PathFinder.find_spec(name, path, target)

    def find_distributions(self, context: Any = None) -> Any:
        """So that importlib.metadata knows the versions."""
        return PathFinder.find_distributions(context) if context else PathFinder.find_distributions()


def loaded(owners: dict[str, list[str]]) -> set[str]:
    """Distributions of the modules that this process has."""
    tops = {name.partition(".")[0] for name in list(sys.modules)}
    return {name for top in tops for name in owners.get(top, [])}


def look(folder: Path) -> dict[str, Any]:
    owners = dict(metadata.packages_distributions())
    allowed = named(folder / "requirements.txt") | {"pip", "setuptools"}
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder]
    sys.meta_path.append(Only(allowed, owners))
    try:
        for name in BASE:
            importlib.import_module(name)
        before = loaded(owners)
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = importlib.import_module("service.bundle").main([".", "--exact"])
    except ModuleNotFoundError as error:
        return {"missing": error.name}
    lines = said.getvalue().strip().splitlines() or ["no message"]
    if missing := re.search(r"needs the package ([\w.]+)", lines[-1]):
        return {"missing": missing[1]}
    if code:
        return {"error": lines[-1].removeprefix("error: ")}
    return {"loaded": {name: metadata.version(name) for name in sorted(loaded(owners) - before)}}


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the user's own code prints is no answer
    channel.write(json.dumps(look(Path(sys.argv[1]))) + "\n")
    channel.close()
