"""Which versions there are: Git tags in GTO's form (`NAME@v1.2.0`, `NAME#prod#3`), and the bundle that each commit points to.

A champion is what the commit's pointer says (models/champion/bundle.dvc at HEAD). A folder whose content has another hash is
not it, and `locate` hands it to nobody.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from lifecycle.ground.errors import UserError
from lifecycle.model.store import BundleError, check_files, folder_hash, own_code, pointed_hash

BUNDLE, CHAMPION, VERSIONS = Path("models/bundle"), Path("models/champion/bundle"), Path("models/versions")
POINTER = Path("models/champion/bundle.dvc")
STAGE = "prod"
DOCTOR = "`make doctor` (python -m actions.doctor)"
LOCKED = ("index.lock", "rwlock", "Unable to acquire lock", "dvc.lock' validation failed", "dvc.lock' is invalid")


def run(*command: str, cure: str = "") -> str:
    """What the command prints; UserError with its last line where it fails."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        lines = [x for x in (done.stderr.strip() or done.stdout.strip() or "no message").splitlines() if x]
        said = next((x for x in lines if x.startswith("ERROR: ")), lines[-1]).removeprefix("ERROR: ")
        shown = " ".join(command[2:4] if command[0] == sys.executable else command[:2])
        if any(word in line for line in lines for word in LOCKED):
            cure = f"what was stopped may have left it; {DOCTOR} mends that"
        raise UserError(f"{shown} failed: {said}{'; ' + cure if cure else ''}")
    return done.stdout


def git(*arguments: str) -> str:
    return run("git", *arguments).rstrip("\n")  # a line of `git status --porcelain` may begin with a blank


def dvc(*arguments: str, cure: str = "") -> str:
    return run(sys.executable, "-m", "dvc", *arguments, cure=cure)


def objects() -> Path:
    """Where DVC keeps what it has."""
    return Path(dvc("cache", "dir").strip()) / "files/md5"


def kept(cache: Path, digest: str) -> Path:
    """Where the object of that hash lies in DVC's cache."""
    return cache / digest[:2] / digest[2:]


def output_hash(lock: str, stage: str, path: str) -> str:
    """The hash of a stage's output that the text of a dvc.lock names; empty where it names none."""
    stages = (yaml.safe_load(lock or "{}") or {}).get("stages") or {}
    outs = (stages.get(stage) or {}).get("outs") or []
    return next((str(out.get("md5", "")) for out in outs if out.get("path") == path), "")


# ---- the work tree --------------------------------------------------------------------------------------------------


def changed_paths(untracked: bool = False) -> list[str]:
    """This project's files that differ from the commit, relative to its folder; or (untracked) those that Git does not know."""
    which = "all" if untracked else "no"
    entries = git("status", "--porcelain", "-z", f"--untracked-files={which}", "--", ".").split("\0")
    prefix = git("rev-parse", "--show-prefix")  # in a folder of a larger repository Git still names paths from its top
    out = []
    while entries:
        entry = entries.pop(0)
        if entry[:1] in ("R", "C"):
            entries.pop(0)  # where it was before
        if entry and (entry[:2] == "??") is untracked:
            out.append(entry[3:].removeprefix(prefix))
    return out


# ---- versions -------------------------------------------------------------------------------------------------------


def name() -> str:
    """The artifact's name: the project's, from pyproject.toml."""
    with open("pyproject.toml", "rb") as file:
        return re.sub(r"[^A-Za-z0-9_-]+", "-", tomllib.load(file)["project"]["name"]).strip("-_") or "model"


def order(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.removeprefix("v").split("."))


def tag(version: str) -> str:
    return f"{name()}@{version}"


def commits() -> dict[str, str]:
    """{tag: its commit} of this project's tags."""
    wanted = [f"refs/tags/{name()}{mark}*" for mark in "@#"]
    lines = git("for-each-ref", "--format=%(refname:strip=2) %(objectname) %(*objectname)", *wanted).splitlines()
    return {parts[0]: parts[-1] for parts in (line.split() for line in lines)}


def versions() -> list[str]:
    """Registered versions, the lowest first."""
    found = (re.fullmatch(re.escape(name()) + r"@(v\d+\.\d+\.\d+)", known) for known in commits())
    return sorted((m.group(1) for m in found if m), key=order)


def in_production() -> list[str]:
    """Versions in the order in which they were assigned to production; the last one is there now."""
    every = commits()
    by_commit = {every[tag(version)]: version for version in versions()}
    assigned = sorted((assignment(known), commit) for known, commit in every.items() if assignment(known))
    return [by_commit[commit] for _, commit in assigned if commit in by_commit]


def assignment(known: str) -> int:
    """The number of a tag that assigns to production, else 0."""
    match = re.fullmatch(re.escape(name()) + rf"#{STAGE}#(\d+)", known)
    return int(match.group(1)) if match else 0


def known(version: str) -> str:
    """`version` with its v, if it is registered."""
    version = version if version.startswith("v") else f"v{version}"
    have = versions()
    if version not in have:
        raise UserError(
            f"{version} is not released; " + (f"what is: {', '.join(have)}" if have else "nothing is yet: make release")
        )
    return version


def pointer_at(reference: str) -> str:
    """The text of models/champion/bundle.dvc in a commit, empty where it has none."""
    done = subprocess.run(["git", "show", f"{reference}:./{POINTER.as_posix()}"], capture_output=True, encoding="utf-8")
    return done.stdout if done.returncode == 0 else ""


def hash_of(version: str) -> str:
    """The hash of a released bundle. Raises UserError where its tag names a commit that has none."""
    found = pointed_hash(pointer_at(tag(version)))
    if not found:
        raise UserError(
            f"the commit of the tag {tag(version)} has no {POINTER}, so the tag was moved; "
            f"`git fetch --tags --force` brings the right one back"
        )
    return found


def version_of(digest: str) -> str:
    """The version whose bundle has this hash, the one in production before others; empty where none has."""
    same = [v for v in versions() if digest and pointed_hash(pointer_at(tag(v))) == digest]
    return next((v for v in reversed(in_production()) if v in same), same[-1] if same else "")


def champion_version() -> str:
    """The version that the commit points to, empty where it points to none."""
    return version_of(pointed_hash(pointer_at("HEAD")))


# ---- a bundle to use ------------------------------------------------------------------------------------------------


def said(digest: str) -> str:
    """A bundle in words, by its hash."""
    return version_of(digest) or ("nothing" if not digest else "a bundle that was never released")


def check_champion() -> None:
    """The champion's folder is what the commit's pointer names; a missing one is fetched. Raises UserError."""
    wanted = pointed_hash(pointer_at("HEAD"))
    here = pointed_hash(POINTER.read_text("utf-8")) if POINTER.exists() else ""
    pointer = POINTER.as_posix()
    if here != wanted:
        raise UserError(
            f"{pointer} names {said(here)}, and the commit's is {said(wanted)}; {DOCTOR} goes back to the commit's, and "
            "finishes a release or rollback that was stopped"
        )
    if not CHAMPION.exists():
        dvc("pull", "--quiet", pointer, cure="`make push` where it was released")
    found = folder_hash(CHAMPION)
    if found != wanted:
        raise UserError(
            f"{CHAMPION.as_posix()} holds {said(found)}, and the commit's is {said(wanted)}; "
            f"`dvc checkout --force {pointer}` brings it"
        )


def fetch(version: str) -> Path:
    """The released bundle's folder, from the cache or the DVC remote. Raises UserError where neither has it."""
    folder, wanted = VERSIONS / version, hash_of(version)
    if folder_hash(folder) == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc_data.index import DataIndexDirError

    try:
        # with the remotes of today: the version's own commit may be older than they are
        with Repo(".") as repository:
            now = {block: repository.config[block] for block in ("core", "remote")}
        Repo.get(".", CHAMPION.as_posix(), out=folder.as_posix(), rev=tag(version), config=now)
    except (DvcException, DataIndexDirError, OSError):
        raise UserError(
            f"the bundle of {version} is neither in the cache nor in the DVC remote; `make push` where it is, "
            "or `dvc remote add -d storage URL` here"
        ) from None
    if folder_hash(folder) != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        raise UserError(
            f"the cache or the DVC remote holds other bytes than {version} was released with, so it is not used; "
            f"{DOCTOR} takes such objects out of the cache; look at who can write to the remote"
        )
    return folder


def locate(wanted: str) -> tuple[Path, str]:
    """(folder, version) of a released version, of `candidate` (models/bundle), or of the champion where nothing is wanted."""
    if wanted == "candidate":
        return BUNDLE, ""
    if wanted:
        version = known(wanted)
        if folder_hash(CHAMPION) == hash_of(version):
            return CHAMPION, version
        return fetch(version), version
    if not POINTER.exists() and not pointer_at("HEAD"):
        return BUNDLE, ""
    check_champion()
    return CHAMPION, champion_version()


def check_bundle(folder: Path) -> None:
    """UserError where a bundle's files are not those of its manifest."""
    try:
        check_files(folder)
    except BundleError as error:
        raise UserError(str(error)) from None


def with_code_of(folder: Path, module: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """(command, environment) that run a bundle's own code on it; UserError where its hashes are wrong."""
    check_bundle(folder)
    return [sys.executable, "-m", module, str(folder), *arguments], {**os.environ, **own_code(folder)}
