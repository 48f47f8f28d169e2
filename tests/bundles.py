"""Bundles of a small model, made by hand in a moment: with code of their own, sealed by a manifest."""

import json
import shutil
import sys
from importlib import metadata
from pathlib import Path

from lifecycle.ground.files import sha256, write_json
from lifecycle.model.released import Released
from lifecycle.model.store import load_model
from lifecycle.table.conform import conform
from lifecycle.table.contract import MODEL

ROOT = Path(__file__).parents[1]
PACKAGES = ("lifecycle", "custom", "service")
LIBRARIES = ("scikit-learn", "numpy", "pandas", "joblib")


def add_code(bundle, **files):
    """The engine and the service as they are here; `files`: {path with _ for /: text} that the bundle has otherwise."""
    for name in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, bundle / "code" / name, ignore=ignore, dirs_exist_ok=True)
    for name, text in files.items():
        (bundle / "code" / f"{name.replace('_', '/')}.py").write_text(text, encoding="utf-8")
    return seal(bundle)


def seal(bundle):
    """Its manifest, of what is in the folder now."""
    (bundle / "manifest.json").unlink(missing_ok=True)
    if not (bundle / "golden.json").exists():
        write_json(bundle / "golden.json", {"rows": [], "answers": [], "labels": []})
    files = {p.relative_to(bundle).as_posix(): sha256(p) for p in sorted(bundle.rglob("*")) if p.is_file()}
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = {"python": python} | {name: metadata.version(name) for name in LIBRARIES}
    facts = json.loads((bundle / "candidate.json").read_text("utf-8"))
    stated = {"format": 1, "model": facts["name"], "task": facts["task"], "files": files, "versions": versions}
    write_json(bundle / "manifest.json", stated)
    return bundle


class AskedHere(Released):
    """Asked with the work tree's code, in this process: for tests of what is done with the answers."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.read_facts()
        self.model = load_model(folder)
        self.classes = self.model.classes if self.task != "regression" else []

    def predictions(self, rows):
        return self.model.predictions(conform(rows, self.contract, MODEL).frame)

    def decide(self, answers):
        return self.model.decide(answers)

    def close(self):
        pass


def features_of_today(monkeypatch):
    """The work tree's add_features, which changes nothing; a model refers to it by its name, as to the user's own."""

    def add_features(frame):
        return frame

    add_features.__module__, add_features.__qualname__ = "custom.features", "add_features"
    monkeypatch.setattr("custom.features.add_features", add_features)
    return add_features
