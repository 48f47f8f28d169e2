"""Release models/bundle: the next version in Git's tags, the champion that candidates are compared with, in production.

    python -m actions.release [major | minor | patch | auto]      or: make release BUMP=minor

Only from a clean commit whose gate passed and whose results are those of `dvc repro`. Version 1.0.0 is the first;
`auto` raises the first number where the columns that a client sends have changed, else the second.
Stopped half-way, a second call finishes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import gto.api

from actions.registry import (
    BUNDLE,
    CHAMPION,
    POINTER,
    STAGE,
    commit_of,
    dvc,
    git,
    in_production,
    name,
    order,
    pointer_at,
    tag,
    versions,
    with_code_of,
)
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, read_yaml, replacing_folder
from lifecycle.model.store import BundleError, read_manifest
from lifecycle.table.conform import used_fields
from lifecycle.table.contract import MODEL, read_contract


def check_tree() -> None:
    """Nothing uncommitted but the pointer that a release before this one may have left behind."""
    lines = git("status", "--porcelain").splitlines()
    changed = [line[3:] for line in lines if not line.endswith(POINTER.as_posix())]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"{changed[0]}{more} is not committed; a release is made from a commit: git add, git commit, then again"
        )
    if subprocess.run(["git", "symbolic-ref", "-q", "HEAD"], capture_output=True).returncode:
        raise UserError("no branch is checked out, so the release's commit would be lost; git switch to one")


def check_gate() -> None:
    gate = read_json("reports/validation.json")
    if not gate["passed"] or (BUNDLE / "REFUSED.md").exists():
        failed = ", ".join(c["name"] for c in gate["checks"] if not c["passed"])
        raise UserError(f"the gate failed ({failed}), so there is nothing to release; see models/bundle/REFUSED.md")
    # the verdict, the bundle and the champion that it was compared with belong together
    if changed := json.loads(dvc("status", "--json", "--with-deps", "deploy")):
        raise UserError(f"{', '.join(changed)} changed since `dvc repro`; run it, commit, then release")


def check_new() -> None:
    """Not a version that was released once and rolled back since."""
    outs = read_yaml("dvc.lock")["stages"]["deploy"]["outs"]
    digest = next(o["md5"] for o in outs if o["path"] == BUNDLE.as_posix())
    if old := [v for v in versions() if digest in pointer_at(tag(v))]:
        raise UserError(
            f"models/bundle is {old[-1]}, released before; make rollback VERSION={old[-1]} puts it into production again"
        )


def check_bundle() -> None:
    command, env = with_code_of(BUNDLE, "service.bundle", "--exact")
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise UserError(done.stderr.strip().removeprefix("error: "))


def next_version(bump: str) -> str:
    have = versions()
    if not have:
        return "v1.0.0"
    major, minor, patch = order(have[-1])
    if bump == "auto":
        bump = "major" if _asks(CHAMPION / "contract.yaml") != _asks(BUNDLE / "contract.yaml") else "minor"
    return {"major": f"v{major + 1}.0.0", "minor": f"v{major}.{minor + 1}.0", "patch": f"v{major}.{minor}.{patch + 1}"}[
        bump
    ]


def _asks(contract: Path) -> dict[str, str] | None:
    """What a client sends: {column: type}."""
    return {f["name"]: f["type"] for f in used_fields(read_contract(contract), MODEL)} if contract.exists() else None


def same(one: Path, other: Path) -> bool:
    try:
        return read_manifest(one) == read_manifest(other)
    except BundleError:
        return False


def move_champion() -> None:
    """Copy the bundle, and make the pointer to it; `main` commits that."""
    with replacing_folder(CHAMPION) as folder:
        shutil.copytree(BUNDLE, folder, dirs_exist_ok=True)
    dvc("add", "--quiet", CHAMPION.as_posix())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.release", description="release models/bundle")
    parser.add_argument("bump", nargs="?", default="auto", choices=["auto", "major", "minor", "patch"])
    given = parser.parse_args()
    check_tree()
    # half-way: the champion is this bundle already, but no version is registered for it, or it is not in production
    half_way = POINTER.exists() and same(BUNDLE, CHAMPION)
    released = [v for v in versions() if half_way and pointer_at(tag(v)) == POINTER.read_text("utf-8")]
    if released and in_production()[-1:] == released[-1:]:
        raise UserError(
            f"models/bundle is {released[-1]}, which is in production; nothing new to release (`dvc repro` makes another bundle)"
        )
    if not half_way:
        check_gate()
        check_new()
    check_bundle()
    version = released[-1] if released else next_version(given.bump)
    if not half_way:
        move_champion()
    if git("status", "--porcelain", "--", POINTER.as_posix()):
        git("add", "--", POINTER.as_posix())
        git("commit", "--quiet", "-m", f"Release {version}", "--", POINTER.as_posix())
    if not released:
        gto.api.register(".", name(), "HEAD", version=version, message=f"{name()} {version}")
    gto.api.assign(".", name(), STAGE, version=version, message=f"{name()} {version} to {STAGE}")
    print(f"release: {tag(version)} is in {STAGE} and the champion (commit {commit_of(tag(version))[:7]})")
    print("next: make push (shares it), make serve")


if __name__ == "__main__":
    stage(main)
