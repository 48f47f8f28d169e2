"""A released model as a Python package: `pip install` it, and ask it with data frames, wherever Python is.

    python -m actions.wheel [VERSION]      or: make wheel; writes dist/NAME_model-1.2.0-py3-none-any.whl

    from telco_churn_model import load
    load().predict(frame)                  # predict_proba, classes, version

The bundle is inside, packed, with the hash that it must have; it is unpacked where it is loaded, and verified as everywhere.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import re
import zipfile
from pathlib import Path

from actions.registry import check_bundle, locate, name
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, replacing
from lifecycle.model.store import MANIFEST

DIST = Path("dist")
# packages that answering needs, of those that the serving lock pins
NEEDED = ("joblib", "numpy", "pandas", "pyyaml", "scikit-learn", "scipy", "tqdm", "typing-extensions")
FIXED = (1980, 1, 1, 0, 0, 0)  # the same bundle, the same wheel

CODE = '''\
"""{name} {version}: a released model. `load().predict(frame)`."""

import atexit
import hashlib
import importlib
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

__version__ = "{version}"
_SHA256 = "{digest}"
_loaded = None


def load():
    """The model: `predict(frame)`, `predict_proba(frame)`, `classes`, `version`. Its code is its own; another model's, or a
    project's, in the same process cannot be told from it, so that this raises ImportError then."""
    global _loaded
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _load():
    for package in ("lifecycle", "service"):
        if package in sys.modules:
            raise ImportError(f"{{package}} is imported already, from {{sys.modules[package].__file__}}; load one model a process")
    packed = Path(__file__).with_name("bundle.zip")
    if hashlib.sha256(packed.read_bytes()).hexdigest() != _SHA256:
        raise ImportError(f"{{packed}} is not what the release had; install the wheel again")
    folder = Path(tempfile.mkdtemp(prefix="{package}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # compiled code is no file of the bundle
    sys.path.insert(0, str(folder / "code"))
    try:
        return importlib.import_module("service.frames").FrameModel(folder, "{version}")
    finally:
        sys.dont_write_bytecode = writes
'''


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.wheel", description="a released model as a package")
    parser.add_argument("version", nargs="?", default="", help="a released version, or candidate; else the champion")
    folder, version = locate(parser.parse_args().version)
    check_bundle(folder)
    if not (folder / "code/service/frames.py").exists():
        raise UserError(
            f"{folder.as_posix()} was released before a model could be a package; `dvc repro` makes a newer one"
        )
    path = build(folder, name(), version)
    print(f"wheel: {path.as_posix()}, {path.stat().st_size / 1e6:.1f} MB; pip install it")


def build(folder: Path, project: str, version: str, place: Path = DIST) -> Path:
    """The wheel of a bundle; a candidate has the version 0 and its hash."""
    package = f"{re.sub(r'[^a-z0-9]+', '_', project.lower()).strip('_')}_model"
    if not package[0].isalpha():
        package = f"model_{package}"
    number = version.removeprefix("v") or f"0+{read_json(folder / 'candidate.json')['sha256'][:12]}"
    packed = pack(folder)
    digest = hashlib.sha256(packed).hexdigest()
    code = CODE.format(name=project, version=number, digest=digest, package=package)
    about = f"{package}-{number}.dist-info"
    files = {
        f"{package}/__init__.py": code.encode(),
        f"{package}/bundle.zip": packed,
        f"{about}/METADATA": metadata(folder, package, number).encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: lifecycle\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{recorded(content)},{len(content)}\n" for path, content in files.items())
    files[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    target = place / f"{package}-{number}-py3-none-any.whl"
    with replacing(target) as beside:
        beside.write_bytes(zipped(files))
    return target


def pack(folder: Path) -> bytes:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, FIXED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def recorded(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def metadata(folder: Path, package: str, number: str) -> str:
    """What pip reads: the libraries that the model was fitted with, and the card."""
    versions = read_json(folder / MANIFEST)["versions"]
    lock = (folder / "requirements.txt").read_text("utf-8").splitlines()
    needed = [line for line in lock if line.partition("==")[0].lower() in NEEDED]
    named = {line.partition("==")[0].lower() for line in needed}
    needed += [f"{one}=={v}" for one, v in versions.items() if one != "python" and one.lower() not in named]
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {package}",
        f"Version: {number}",
        f"Requires-Python: =={versions['python']}.*",
    ]
    lines += [f"Requires-Dist: {line}" for line in needed]
    card = (folder / "MODEL_CARD.md").read_text("utf-8")
    text = card.split("---\n", 2)[-1]
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", text])


if __name__ == "__main__":
    stage(main)
