"""Model files and bundle folders: what is written, and what must hold before anything of it is loaded.

joblib executes what a model file says, so a file is loaded only after its SHA-256 equals the one stated beside it; and of a
bundle no code is imported before every file in it is the one that its manifest names.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_json, replacing, sha256, write_json

if TYPE_CHECKING:
    from lifecycle.model.model import Model

# a model is trusted only under the versions it was fitted with
LIBRARIES = ("scikit-learn", "numpy", "pandas", "joblib")
MANIFEST = "manifest.json"
VERSION = "version.json"  # beside the champion's folder: {version, md5}


# ---- a model ------------------------------------------------------------------------------------------------------


def save_model(model: Model, folder: str | Path, facts: dict[str, Any]) -> None:
    """model.joblib and candidate.json (facts, SHA-256, library versions) in `folder`."""
    raw = zlib.compress(pickled(model), 1)  # joblib reads it as it is; forests become four times smaller
    with replacing(Path(folder) / "model.joblib") as beside:
        beside.write_bytes(raw)
    digest = hashlib.sha256(raw).hexdigest()
    write_json(Path(folder) / "candidate.json", facts | {"sha256": digest, "versions": versions()})


def pickled(thing: Any) -> bytes:
    """The same bytes for the same content, as joblib would write them.

    A pickle tells whether two equal texts or dtypes are one object or two; which, depends on the processes that a part
    of the model has been through. Here equal ones count as one.
    """
    import numpy as np
    from joblib.numpy_pickle import NumpyPickler

    texts: dict[str, str] = {}
    dtypes: dict[np.dtype, np.dtype] = {}

    class Pickler(NumpyPickler):
        def save(self, obj: Any, *more: Any) -> Any:
            if type(obj) is str:
                obj = texts.setdefault(obj, obj)
            elif isinstance(obj, np.dtype):
                obj = dtypes.setdefault(obj, obj)
            return super().save(obj, *more)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=pickle.DEFAULT_PROTOCOL).dump(thing)
    return buffer.getvalue()


def load_model(folder: str | Path) -> Model:
    """The model in `folder`. Raises UserError where its hash or the libraries are not those it was saved with."""
    import joblib

    path = Path(folder) / "model.joblib"
    told = read_json(Path(folder) / "candidate.json")
    if not path.exists():
        raise UserError(f"{path} is missing; `dvc repro` makes it, `dvc pull` fetches it")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != told["sha256"]:
        raise UserError(
            f"{path} is not the file that candidate.json beside it describes; `dvc checkout` brings the right one back"
        )
    other = [
        f"{name} {told['versions'][name]}, here {here}"
        for name, here in versions().items()
        if told["versions"][name] != here
    ]
    if other:
        raise UserError(
            f"{path} was fitted with {'; '.join(other)}; install requirements.txt, or `dvc repro` to fit it anew"
        )
    try:
        return joblib.load(io.BytesIO(raw))
    except ModuleNotFoundError as error:
        raise UserError(
            f"{path} needs the package {error.name}, which is not installed here; pip install it"
        ) from error


def versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}


# ---- a bundle -----------------------------------------------------------------------------------------------------


class BundleError(Exception):
    """Why a folder cannot be served, with every fault found, each naming its cure."""

    def __init__(self, folder: Path, faults: list[str]) -> None:
        super().__init__(f"{folder} cannot be served: {'; '.join(faults)}")
        self.faults = faults


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the bundle says that it is made of. Raises BundleError where there is none that can be read."""
    refused = folder / "REFUSED.md"
    if refused.exists():
        raise BundleError(folder, [f"its candidate failed the gate ({refused})"])
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        raise BundleError(
            folder, ["it has no manifest.json; `dvc repro` makes a bundle, `dvc pull` fetches one"]
        ) from None
    except ValueError:
        raise BundleError(folder, ["its manifest.json is not JSON; `dvc checkout` brings the right one back"]) from None
    if not isinstance(manifest, dict) or manifest.get("format") != 1:
        raise BundleError(folder, ["its manifest.json is of another format; serve it with the code of its own commit"])
    return manifest


def wrong_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Files that are missing, changed, or not of the bundle; compiled code is none of the bundle's, and would be run."""
    stated = manifest["files"]
    faults = []
    for name, digest in stated.items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing; `dvc checkout` or `dvc pull` brings it back")
        elif sha256(path) != digest:
            faults.append(f"{name} is not the file that the manifest names; `dvc checkout` brings the right one back")
    present = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    unlisted = sorted(present - set(stated) - {MANIFEST})
    faults += [f"{name} is not in the manifest; remove it" for name in unlisted]
    return faults


def check_files(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle whose files are the ones it names. Raises BundleError where they are not."""
    manifest = read_manifest(folder)
    if faults := wrong_files(folder, manifest):
        raise BundleError(folder, faults)
    return manifest


# ---- which one it is ------------------------------------------------------------------------------------------------


def folder_hash(folder: Path) -> str:
    """The hash that DVC gives a folder: of the list of its files and their MD5s. `""` where there is none.

    Computed here from the files: DVC believes its cache and its notes, and a remote may hold other bytes than it names.
    """
    if not folder.is_dir():
        return ""
    files = [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    listed = [{"md5": _md5(path), "relpath": path.relative_to(folder).as_posix()} for path in files]
    listed.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def pointed_hash(text: str) -> str:
    """The hash that a pointer (the text of a .dvc file) names; `""` where it names none."""
    try:
        return str(yaml.safe_load(text)["outs"][0]["md5"])
    except (yaml.YAMLError, KeyError, IndexError, TypeError):
        return ""


def check_identity(folder: Path) -> None:
    """A folder with a pointer beside it (bundle.dvc) has the content that is named there, and by version.json, which a
    release writes and DVC does not: `dvc repro` takes a changed folder for news, and writes its hash into the pointer.

    Raises UserError. A folder without a pointer is not under DVC by itself, and passes."""
    pointer, record = folder.with_name(f"{folder.name}.dvc"), folder.with_name(VERSION)
    if not pointer.exists():
        return
    here, pointed = folder_hash(folder), pointed_hash(pointer.read_text("utf-8"))
    stated = read_json(record) if record.exists() else {"version": "", "md5": pointed}
    version = stated["version"] or "the released model"
    name, back = pointer.as_posix(), f"`dvc checkout --force {pointer.as_posix()}`"
    if stated["md5"] != pointed:
        raise UserError(
            f"{name} does not name {version}, as {record.as_posix()} does (`git pull` without `dvc checkout`?); "
            "`make doctor` (python -m actions.doctor) brings back all that the commit names"
        )
    if not here or here != pointed:  # a pointer that names nothing is no leave
        fact = "is not here" if not here else f"is not {version}, which {name} names"
        cure = f"`dvc pull {name}` fetches it" if not here else f"{back} brings it back"
        raise UserError(f"{folder.as_posix()} {fact}; {cure}")


def own_code(folder: Path) -> dict[str, str]:
    """Environment variables with which Python imports the bundle's own code and leaves nothing in the folder.

    Compiled code that lies in there would be run unseen; `wrong_files` refuses it. (PYTHONPYCACHEPREFIX would leave it out
    too, but with all compiled libraries: a start takes 5 seconds instead of 1.5.)
    """
    return {
        "PYTHONPATH": str((folder / "code").resolve()),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
