"""A commit and its tags, at once: what a release and a rollback are, and how they are finished where they were stopped.

Everything is made in a clone, which shares DVC's cache: nothing here changes. Then one transaction of Git moves the branch
and makes the tags, and only after it the work tree follows. Stopped before the transaction, the old version is in production
and nothing has changed; stopped after it, the new one is, and `settle` (each release and rollback begins with it, and the
doctor) lets the work tree follow.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import yaml

from actions.registry import (
    CHAMPION,
    DOCTOR,
    POINTER,
    STAGE,
    assignment,
    changed_paths,
    commits,
    dvc,
    git,
    name,
    pointer_at,
    run,
    tag,
)
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import write_json, write_text
from lifecycle.model.store import VERSION, folder_hash, pointed_hash

RECORD = POINTER.with_name(VERSION)
TMP = Path(".dvc/tmp")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One release or rollback at a time; the system gives the lock back however a process ends."""
    from zc.lockfile import LockError, LockFile  # type: ignore[import-untyped]

    TMP.mkdir(parents=True, exist_ok=True)
    try:
        lock = LockFile(str(TMP / "release.lock"))
    except LockError:
        raise UserError("another release or rollback is running here; wait until it has ended, then again") from None
    try:
        yield
    finally:
        lock.close()


# ---- the clone ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def clone(kind: str) -> Iterator[Path]:
    """The project in a clone of the last commit, with the cache and the credentials of this one."""
    prefix = git("rev-parse", "--show-prefix")
    top = Path(git("rev-parse", "--show-toplevel"))
    tmp = TMP.resolve()
    clear(kind)
    place = tmp / f"{kind}-{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    try:
        git("clone", "--quiet", "--local", "--no-tags", str(top), str(place))
        project = place / prefix
        for key in ("user.name", "user.email"):
            if value := subprocess.run(["git", "config", key], capture_output=True, encoding="utf-8").stdout.strip():
                git("-C", str(place), "config", key, value)
        if Path(".dvc/config.local").exists():
            shutil.copyfile(".dvc/config.local", project / ".dvc/config.local")
        within(project, "dvc", "config", "--local", "cache.dir", dvc("cache", "dir").strip())
        # no second copy of the data: a stage writes beside what it replaces, never into it
        within(project, "dvc", "config", "--local", "cache.type", "reflink,symlink,hardlink,copy")
        yield project
    finally:
        shutil.rmtree(place, ignore_errors=True)


def clear(kind: str) -> list[Path]:
    """Clones that a stopped process left behind, now removed."""
    gone = []
    for left in TMP.resolve().glob(f"{kind}-*"):
        owner = left.name.rpartition("-")[2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
            gone.append(left)
    return gone


def within(project: Path, tool: str, *arguments: str, quiet: bool = True) -> str:
    """Run git, dvc or python in the clone; what it printed, or (not quiet) shown as it comes."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # dvc.yaml says `python`
    command = {"git": ["git"], "dvc": [sys.executable, "-m", "dvc"], "python": [sys.executable]}[tool]
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_DIR")} | {"PATH": path}
    done = subprocess.run(
        [*command, *arguments],
        cwd=project,
        env=env,
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.PIPE if quiet else None,
    )
    if done.returncode:
        lines = ((done.stderr or "").strip() or "see above").splitlines()
        told = [line for mark in ("error: ", "ERROR: ") for line in lines if line.startswith(mark)] or lines[-1:]
        what = told[0].partition(": ")[2] if told[0].lower().startswith("error: ") else told[0]
        raise UserError(f"{tool} {arguments[0]} failed in a clone of the commit: {what}; nothing here was changed")
    return done.stdout or ""


# ---- a champion in a commit -----------------------------------------------------------------------------------------


def point(project: Path, pointer: str, version: str, commit: str) -> None:
    """Write into `project` which bundle is the champion: for DVC, and for the stages, which know no Git. `commit`: the one
    whose model it is, the last before its release."""
    write_text(project / POINTER, pointer)
    about = {"project": name(), "version": version, "commit": commit, "md5": pointed_hash(pointer)}
    write_json(project / RECORD, about)


def commit_of(version: str) -> str:
    """The commit whose model was released as `version`: the release's own is the next one."""
    released = commits()[tag(version)]
    try:
        return git("rev-parse", f"{released}^")
    except UserError:  # a clone that reaches no further back
        return released


def pointer_to(out: dict[str, object]) -> str:
    """The text of a pointer to an output as dvc.lock names it: what `dvc add` would write, without a second copy."""
    kept = {key: out[key] for key in ("md5", "size", "nfiles", "hash") if key in out}
    content: dict[str, object] = {"outs": [{**kept, "path": CHAMPION.name}]}
    return yaml.safe_dump(content, sort_keys=False)


def commit(project: Path, message: str) -> None:
    """All that changed in the clone; nothing where nothing did."""
    within(project, "git", "add", "-A", ".")
    if within(project, "git", "status", "--porcelain"):
        within(project, "git", "commit", "--quiet", "--no-verify", "-m", message)


def publish(project: Path, version: str, message: str, register: bool) -> None:
    """The clone's commit becomes this branch's, `version` is registered (or was before) and assigned to production."""
    every = commits()
    number = max((assignment(known) for known in every), default=0) + 1
    assigned = f"{name()}#{STAGE}#{number}"
    tags = {assigned: every.get(tag(version), "HEAD")}
    if register:
        tags = {tag(version): "HEAD", assigned: "HEAD"}
    for known, at in tags.items():
        within(project, "git", "tag", "--annotate", "--message", message, known, at)
    old, new = git("rev-parse", "HEAD"), within(project, "git", "rev-parse", "HEAD").strip()
    branch = git("symbolic-ref", "HEAD")
    git("fetch", "--quiet", "--no-tags", top_of(project), "HEAD", *(f"refs/tags/{known}" for known in tags))
    lines = [f"create refs/tags/{known} {object_of(project, known)}" for known in tags]
    if new != old:
        lines.append(f"update {branch} {new} {old}")
    with undisturbed():
        transaction(lines)
        follow(old)


def top_of(project: Path) -> str:
    return within(project, "git", "rev-parse", "--show-toplevel").strip()


def object_of(project: Path, known: str) -> str:
    return within(project, "git", "rev-parse", f"refs/tags/{known}").strip()


def transaction(lines: list[str]) -> None:
    """All of these changes of Git's references, or none."""
    text = "\n".join(["start", *lines, "prepare", "commit", ""])
    done = subprocess.run(["git", "update-ref", "--stdin"], input=text, capture_output=True, encoding="utf-8")
    if done.returncode:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        cure = f"{DOCTOR} mends what a stop left" if ".lock" in said else "see `git log` and `git tag`, then again"
        raise UserError(f"the version is not released, nothing was changed: {said}; {cure}")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C waits: these are moments, and afterwards all is done."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread: nobody's Ctrl-C comes here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# ---- the work tree follows ------------------------------------------------------------------------------------------


def follow(old: str) -> None:
    """From the commit `old` to HEAD: Git's files, then the champion's folder."""
    if git("rev-parse", "HEAD") != old:
        git("read-tree", "-m", "-u", old, "HEAD")
    bring_champion()
    wanted = bundle_hash()
    if wanted and folder_hash(Path("models/bundle")) != wanted:
        dvc("checkout", "--quiet", "--force", "models/bundle", cure="`dvc repro deploy` makes it anew")


def bundle_hash() -> str:
    """Of models/bundle, as dvc.lock has it."""
    try:
        outs = yaml.safe_load(Path("dvc.lock").read_text("utf-8"))["stages"]["deploy"]["outs"]
        return next(out["md5"] for out in outs if out["path"] == "models/bundle")
    except (OSError, KeyError, TypeError, StopIteration, yaml.YAMLError):
        return ""


def bring_champion() -> None:
    """The champion's folder becomes what the pointer names, from the cache or else the remote."""
    wanted = pointed_hash(pointer_at("HEAD"))
    if wanted and folder_hash(CHAMPION) != wanted:
        try:
            dvc("checkout", "--quiet", "--force", POINTER.as_posix())
        except UserError:
            dvc("pull", "--quiet", "--force", POINTER.as_posix(), cure="`make push` where it was released")


def settle() -> list[str]:
    """Finish what a stopped release or rollback left: what was done. The commit says which version is in production.

    Only files that are as they were one commit before, and a folder that is a version, are taken for such a rest; anything
    else is the user's own, and is left alone.
    """
    done = []
    for kind in ("release", "rollback"):
        clear(kind)
    behind = [path for path in changed_paths() if is_of_the_commit_before(path)]
    if behind and pointer_at("HEAD") != pointer_at("HEAD~1"):
        there = [path for path in behind if is_in("HEAD", path)]
        run("git", "checkout", "--quiet", "HEAD", "--", *there)
        if gone := sorted(set(behind) - set(there)):
            run("git", "rm", "--quiet", "--force", "--", *gone)
        done.append(f"the work tree follows the commit {git('log', '-1', '--format=%s')!r} in {len(behind)} files")
    wanted = pointed_hash(pointer_at("HEAD"))
    here = pointed_hash(POINTER.read_text("utf-8")) if POINTER.exists() else ""
    if wanted and here == wanted and folder_hash(CHAMPION) != wanted:
        bring_champion()
        done.append(f"{CHAMPION} is the version that the commit names")
    return done


def is_in(reference: str, path: str) -> bool:
    return subprocess.run(["git", "cat-file", "-e", f"{reference}:./{path}"], capture_output=True).returncode == 0


def is_of_the_commit_before(path: str) -> bool:
    """Whether a changed file is what it was before HEAD: as it was there, or not there as it was not."""
    before = subprocess.run(["git", "rev-parse", "--quiet", "--verify", f"HEAD~1:./{path}"], capture_output=True)
    if not Path(path).is_file():
        return before.returncode != 0
    here = subprocess.run(["git", "hash-object", "--", path], capture_output=True)
    return before.returncode == 0 and here.stdout == before.stdout
