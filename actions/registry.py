"""Which versions there are: Git tags in GTO's form (`NAME@v1.2.0`, `NAME#prod#3`), and the bundle that each commit points to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from lifecycle.ground.errors import UserError
from lifecycle.model.store import BundleError, check_files, own_code, read_manifest, wrong_files

BUNDLE, CHAMPION, VERSIONS = Path("models/bundle"), Path("models/champion/bundle"), Path("models/versions")
POINTER = Path("models/champion/bundle.dvc")
STAGE = "prod"


def run(*command: str, cure: str = "") -> str:
    """What the command prints; UserError with its last line where it fails."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        lines = [x for x in (done.stderr.strip() or done.stdout.strip() or "no message").splitlines() if x]
        said = next((x for x in lines if x.startswith("ERROR: ")), lines[-1]).removeprefix("ERROR: ")
        shown = " ".join(command[2:4] if command[0] == sys.executable else command[:2])
        raise UserError(f"{shown} failed: {said}{'; ' + cure if cure else ''}")
    return done.stdout


def git(*arguments: str) -> str:
    return run("git", *arguments).strip()


def dvc(*arguments: str, cure: str = "") -> str:
    return run(sys.executable, "-m", "dvc", *arguments, cure=cure)


def name() -> str:
    """The artifact's name: the project's, from pyproject.toml."""
    with open("pyproject.toml", "rb") as file:
        return re.sub(r"[^A-Za-z0-9_-]+", "-", tomllib.load(file)["project"]["name"]).strip("-_") or "model"


def order(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.removeprefix("v").split("."))


def versions() -> list[str]:
    """Registered versions, the lowest first."""
    found = (re.fullmatch(re.escape(name()) + r"@(v\d+\.\d+\.\d+)", tag) for tag in git("tag", "--list").splitlines())
    return sorted((m.group(1) for m in found if m), key=order)


def tag(version: str) -> str:
    return f"{name()}@{version}"


def commit_of(reference: str) -> str:
    return git("rev-list", "-n", "1", reference)


def in_production() -> list[str]:
    """Versions in the order in which they were assigned to production; the last one is there now."""
    assigned = []
    for line in git("tag", "--list").splitlines():
        if match := re.fullmatch(re.escape(name()) + rf"#{STAGE}#(\d+)", line):
            assigned.append((int(match.group(1)), line))
    by_commit = {commit_of(tag(v)): v for v in versions()}
    return [by_commit[c] for _, line in sorted(assigned) if (c := commit_of(line)) in by_commit]


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


def champion_version() -> str:
    """The version that models/champion/bundle.dvc points to, empty where it points to none."""
    if not POINTER.exists():
        return ""
    here = POINTER.read_text("utf-8")
    same = [v for v in versions() if pointer_at(tag(v)) == here]
    return next((v for v in reversed(in_production()) if v in same), same[-1] if same else "")


def fetch(version: str) -> Path:
    """The released bundle's folder, from the cache or the DVC remote. Raises UserError where neither has it."""
    folder = VERSIONS / version
    if folder.exists() and _sound(folder):
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
    return folder


def _sound(folder: Path) -> bool:
    try:
        return not wrong_files(folder, read_manifest(folder))
    except BundleError:
        return False


def locate(wanted: str) -> tuple[Path, str]:
    """(folder, version) of a released version, of `candidate` (models/bundle), or of the champion where nothing is wanted."""
    if wanted == "candidate":
        return BUNDLE, ""
    if wanted:
        version = known(wanted)
        return (CHAMPION, version) if version == champion_version() and _sound(CHAMPION) else (fetch(version), version)
    if not POINTER.exists():
        return BUNDLE, ""
    if not _sound(CHAMPION):
        dvc("pull", POINTER.as_posix(), cure="`dvc push` where it was released")
    return CHAMPION, champion_version()


def with_code_of(folder: Path, module: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """(command, environment) that run a bundle's own code on it; UserError where its hashes are wrong."""
    try:
        check_files(folder)
    except BundleError as error:
        raise UserError(str(error)) from None
    return [sys.executable, "-m", module, str(folder), *arguments], {**os.environ, **own_code(folder)}
