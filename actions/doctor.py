"""Mend what a stop at a bad moment can leave: locks, a cut dvc.lock, half-made folders, a release that was not finished.

    python -m actions.doctor [--look]      or: make doctor

It says what it did; with --look it only says whether it has something to do, as `make repro` asks after a run that failed. What is the user's own (an edited file, a folder with an own content that nothing can bring back) it leaves
alone, and says so. Where nothing was stopped it changes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from actions.publish import alone, bring_champion, clear, is_in, settle
from actions.registry import (
    BUNDLE,
    CHAMPION,
    DOCTOR,
    POINTER,
    VERSIONS,
    check_champion,
    git,
    kept,
    objects,
    pointer_at,
    tag,
    version_of,
    versions,
)
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_yaml, replacing
from lifecycle.model.store import folder_hash, pointed_hash

TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)\.(?P<kind>tmp|old)")
PLACES = ("data", "models", "reports")  # where stages and actions write
RWLOCK, LOCK = Path(".dvc/tmp/rwlock"), Path("dvc.lock")


def is_alive(process: str) -> bool:
    return psutil.pid_exists(int(process))


# ---- each thing that it can mend: yields a sentence where it did ----------------------------------------------------


def git_locks() -> Iterator[str]:
    """A killed git leaves its locks, and each later one refuses."""
    for lock in locks_of_git():
        lock.unlink(missing_ok=True)
        yield f".git/{lock.relative_to(git_folder()).as_posix()}, which a stopped git left, is gone"


def git_folder() -> Path:
    return Path(git("rev-parse", "--absolute-git-dir"))


def locks_of_git() -> list[Path]:
    """Those that no running git holds."""
    folder = git_folder()
    locks = [folder / f"{name}.lock" for name in ("index", "HEAD", "config", "packed-refs")]
    locks = [lock for lock in [*locks, *(folder / "refs").rglob("*.lock")] if lock.exists()]
    if locks and any(at_work("git", Path(git("rev-parse", "--show-toplevel")))):
        return []
    return locks


def at_work(name: str, place: Path) -> Iterator[int]:
    """Running processes of this name within `place`."""
    for process in psutil.process_iter(["name", "cwd"]):
        here = process.info["cwd"]
        if (process.info["name"] or "").startswith(name) and here and Path(here).is_relative_to(place):
            yield process.pid


def dvc_lock() -> Iterator[str]:
    """DVC writes its lock files in place; one that was cut off is unreadable for good."""
    if why := wrong_rwlock():
        RWLOCK.unlink()
        yield f"{RWLOCK.as_posix()}, which {why}, is gone"
    if is_cut():
        if "dvc.lock" in git("ls-tree", "--name-only", "HEAD", "--", "dvc.lock"):
            git("checkout", "--quiet", "HEAD", "--", "dvc.lock")
            yield "dvc.lock, which was cut off, is the commit's again; `dvc repro` goes on from there"
        else:
            LOCK.unlink()
            yield "dvc.lock, which was cut off, is gone; `dvc repro` writes it anew"


def wrong_rwlock() -> str:
    """What is the matter with DVC's table of locked paths; empty where nothing is."""
    if not RWLOCK.exists():
        return ""
    try:
        holders = holders_in(json.loads(RWLOCK.read_text("utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return "was cut off"
    other = is_of_another(holders, RWLOCK.stat().st_mtime)
    return "names an ended process whose number another one has now" if other else ""


def holders_in(locks: dict[str, Any]) -> set[int]:
    """The processes that DVC's table of locked paths names."""
    readers = [info for infos in locks.get("read", {}).values() for info in infos]
    writers = list(locks.get("write", {}).values())
    return {int(info["pid"]) for info in readers + writers}


def is_of_another(holders: set[int], written: float) -> bool:
    """DVC asks only whether a process of that number runs. After a restart, of a container above all, another one does:
    it began after the file was written."""
    began = []
    for pid in holders:
        with contextlib.suppress(psutil.Error):
            began.append(psutil.Process(pid).create_time())
    return bool(began) and min(began) > written + 1  # a second: file systems round


def is_cut() -> bool:
    """Whether dvc.lock is there and cannot be read."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    if not LOCK.exists():
        return False
    try:
        COMPILED_LOCKFILE_SCHEMA(read_yaml(LOCK))
    except (UserError, Invalid):
        return True
    return False


def temporary_files() -> Iterator[str]:
    """What was written beside its place by a process that has ended. A folder that was just being replaced comes back."""
    for path in sorted(found for place in PLACES for found in Path(place).rglob(".*") if found.exists()):
        match = TEMPORARY.fullmatch(path.name)
        if not match or is_alive(match["process"]) or not path.exists():
            continue
        target = path.with_name(match["name"])
        if match["kind"] == "old" and not target.exists():
            path.rename(target)
            yield f"{target}, which was just being replaced, is back as it was"
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield f"{path}, which a stopped process left, is gone"
    for path in sorted(Path().glob(".*.tmp")):
        match = TEMPORARY.fullmatch(path.name)
        if match and not is_alive(match["process"]) and path.is_file():
            path.unlink()
            yield f"{path}, which a stopped process left, is gone"
    for kind in ("retrain", "release", "rollback"):
        for left in clear(kind):
            yield f".dvc/tmp/{left.name}, the clone of a stopped {kind}, is gone"


def compiled_code() -> Iterator[str]:
    """Compiled code in a bundle is in no manifest, so that nothing of the bundle is run."""
    for folder in (BUNDLE, CHAMPION, *VERSIONS.glob("*")):
        for cache in sorted(folder.rglob("__pycache__")):
            shutil.rmtree(cache)
            yield f"{cache.as_posix()}, which no manifest names, is gone"


def foreign_objects() -> Iterator[str]:
    """Objects of released bundles in DVC's cache that are not what their names say."""
    digests = sorted({pointed_hash(pointer_at(at)) for at in ["HEAD", *map(tag, versions())]} - {""})
    cache = objects() if digests else Path()
    for digest in digests:
        listing = kept(cache, digest)
        if not listing.is_file():
            continue
        for path, name in [(listing, digest), *files_of(listing, cache)]:
            if path.is_file() and md5(path) != name.removesuffix(".dir"):
                path.chmod(0o644)  # DVC protects its objects; some systems do not delete what is protected
                path.unlink()
                yield f"{path.name[:8]}… in DVC's cache was not what its name says, and is gone; `dvc pull` fetches it again"


def files_of(listing: Path, cache: Path) -> list[tuple[Path, str]]:
    try:
        names = [entry["md5"] for entry in json.loads(listing.read_text("utf-8"))]
    except (ValueError, KeyError, TypeError):
        return []
    return [(kept(cache, name), name) for name in names]


def md5(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def unfinished() -> Iterator[str]:
    """A release or rollback whose commit is made, and which the work tree does not follow yet; a pointer out of place."""
    yield from settle()
    wanted = pointed_hash(pointer_at("HEAD"))
    here = pointed_hash(POINTER.read_text("utf-8")) if POINTER.exists() else ""
    # `dvc repro` writes into the pointer what lies in the folder: after a `git pull` without `dvc checkout` another version
    if wanted and here and here != wanted and (folder_hash(CHAMPION) == wanted or version_of(here)):
        git("checkout", "--quiet", "HEAD", "--", POINTER.as_posix())
        yield f"{POINTER.as_posix()} is the commit's again"
        if folder_hash(CHAMPION) != wanted:
            bring_champion()
            yield f"{CHAMPION.as_posix()} is the version that the commit names"


def lost_outputs() -> Iterator[str]:
    """DVC takes a stage's outputs away before it runs. Where it then failed, or was stopped, those that dvc.lock names are
    still in the cache: models as they are kept there, reports since the run cache has them."""
    missing = lost()
    cache = objects() if missing else Path()
    for name, out in missing:
        if bring_back(Path(out["path"]), out.get("md5", ""), cache):
            yield f"{out['path']}, which `{name}` had taken away to make it anew, is back as dvc.lock names it"


def lost() -> list[tuple[str, dict[str, str]]]:
    """(stage, output) of dvc.lock where nothing lies at the output's path."""
    if not LOCK.exists():
        return []
    stages = (read_yaml(LOCK).get("stages") or {}).items()
    return [(name, out) for name, made in stages for out in made.get("outs", []) if not Path(out["path"]).exists()]


def in_cache(place: Path, digest: str, cache: Path) -> dict[Path, Path]:
    """{each file of an output: where DVC keeps it}; empty where it does not have all of them."""
    source = kept(cache, digest)
    if not digest or not source.is_file():
        return {}
    files = {place: source}
    if digest.endswith(".dir"):
        entries = json.loads(source.read_text("utf-8"))
        files = {place / entry["relpath"]: kept(cache, entry["md5"]) for entry in entries}
    return files if all(path.is_file() for path in files.values()) else {}


def bring_back(place: Path, digest: str, cache: Path) -> bool:
    """From the cache, else from the commit; whether it could be."""
    for target, source in in_cache(place, digest, cache).items():
        with replacing(target) as beside:
            shutil.copyfile(source, beside)
    if not place.exists() and is_in("HEAD", place.as_posix()):
        git("checkout", "--quiet", "HEAD", "--", place.as_posix())
    return place.exists()


MENDS = (git_locks, temporary_files, dvc_lock, compiled_code, foreign_objects, unfinished, lost_outputs)


def look() -> list[str]:
    """What may have stopped a command, or was left by one that stopped, in words."""
    found = []
    if any(locks_of_git()):
        found.append("a lock of git is left")
    if why := wrong_rwlock():
        found.append(f"{RWLOCK.as_posix()} {why}")
    if is_cut():
        found.append("dvc.lock is cut off")
        return found
    missing = lost()
    cache = objects() if missing else Path()
    for stage_name, out in missing:
        place = Path(out["path"])
        if in_cache(place, out.get("md5", ""), cache) or is_in("HEAD", place.as_posix()):
            found.append(f"`{stage_name}` has taken {place.as_posix()} away, which was made before")
    return found


def left() -> str:
    """What is still not right, in a line; empty where all is."""
    if not pointer_at("HEAD") and not POINTER.exists():
        return ""
    try:
        check_champion()
    except UserError as error:
        return str(error)
    return ""


def what_is_left() -> str:
    """What a run that was stopped has left, and the command that mends it; empty where there is nothing."""
    found = look()
    return f"{'; '.join(found)}; {DOCTOR} mends that" if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.doctor", description="mend what a stop has left")
    parser.add_argument("--look", action="store_true", help="only say whether there is something to mend")
    given = parser.parse_args()
    if subprocess.run(["git", "rev-parse", "--verify", "--quiet", "HEAD"], capture_output=True).returncode:
        raise UserError("there is no commit yet, so there is nothing to go back to; git add ., git commit")
    if given.look:
        if found := what_is_left():
            print(found)
        return
    n = 0
    with alone():
        for mend in MENDS:
            for sentence in mend():
                n += 1
                print(f"  {sentence}")
        if wrong := left():
            sys.exit(f"error: {wrong}")
    print(
        f"doctor: {n} things mended; the command that was stopped can be called again" if n else "doctor: all is well"
    )


if __name__ == "__main__":
    stage(main)
