"""Release models/bundle: the next version in Git's tags, the champion that candidates are compared with, in production.

    python -m actions.release [major | minor | patch | auto]      or: make release BUMP=minor

Only from a clean commit whose gate passed and whose results are those of `dvc repro`. Version 1.0.0 is the first; `auto`
raises the first number where the columns that a client sends, or what is predicted, have changed, else the second. The release's
commit is one at which nothing is left to reproduce: the gate, the report and the monitor beside the new champion are in it.
Stopped at any moment, the old version or the new one is in production, and a second call finishes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from actions.publish import alone, bundle_hash, clone, commit, point, pointer_to, publish, settle, within
from actions.registry import (
    BUNDLE,
    CHAMPION,
    POINTER,
    STAGE,
    champion_version,
    changed_paths,
    commits,
    git,
    hash_of,
    in_production,
    order,
    pointer_at,
    tag,
    versions,
    with_code_of,
)
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, read_yaml
from lifecycle.model.store import pointed_hash
from lifecycle.table.contract import read_contract


def check_tree() -> None:
    """What is released is what the commit says: nothing tracked is changed, and no new file is one that a stage reads."""
    if changed := changed_paths():
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"{changed[0]}{more} is not committed; a release is made from a commit: git add, git commit, then again"
        )
    read = inputs()
    for path in changed_paths(untracked=True):
        if any(path == dep or path.startswith(f"{dep}/") for dep in read):
            raise UserError(f"{path} is new, and a stage reads it; git add, git commit, then again, or move it away")
    if subprocess.run(["git", "symbolic-ref", "-q", "HEAD"], capture_output=True).returncode:
        raise UserError("no branch is checked out, so the release's commit would be lost; git switch to one")


def inputs() -> set[str]:
    """What the stages of dvc.yaml read, and DVC's own files."""
    stages = read_yaml("dvc.yaml")["stages"].values()
    return {"dvc.yaml", "dvc.lock", "params.yaml"} | {dep for one in stages for dep in one.get("deps", [])}


def check_gate() -> None:
    gate = read_json("reports/validation.json")
    if not gate["passed"] or (BUNDLE / "REFUSED.md").exists():
        failed = ", ".join(c["name"] for c in gate["checks"] if not c["passed"])
        raise UserError(f"the gate failed ({failed}), so there is nothing to release; see models/bundle/REFUSED.md")


def check_new(digest: str) -> None:
    """Not the version that is in production, nor one that was released and rolled back since."""
    old = [version for version in versions() if hash_of(version) == digest]
    if old and old[-1] == champion_version() and in_production()[-1:] == old[-1:]:
        raise UserError(
            f"models/bundle is {old[-1]}, which is in production; nothing new to release (`dvc repro` makes another bundle)"
        )
    if old:
        raise UserError(
            f"models/bundle is {old[-1]}, released before; make rollback VERSION={old[-1]} puts it into production again"
        )


def reproduced(project: Path) -> dict[str, Any]:
    """models/bundle as dvc.lock names it, after a look whether the commit's results are those of `dvc repro`."""
    within(project, "dvc", "checkout", "--quiet", "--allow-missing")
    # the verdict, the bundle and the champion that it was compared with belong together
    text = within(project, "dvc", "status", "--json", "--with-deps", "deploy")
    if '"deleted"' in text or '"not in cache"' in text:
        raise UserError("some of the commit's data or models are not in DVC's cache here; `dvc pull`, then again")
    if changed := json.loads(text):
        raise UserError(f"{', '.join(changed)} changed since `dvc repro`; run it, commit, then release")
    outs = yaml.safe_load((project / "dvc.lock").read_text("utf-8"))["stages"]["deploy"]["outs"]
    return next(out for out in outs if out["path"] == BUNDLE.as_posix())


def check_bundle(project: Path) -> None:
    """It answers alike in a process that has its code alone."""
    command, env = with_code_of(project / BUNDLE, "service.bundle", "--exact")
    done = subprocess.run(command, env=env, cwd=project, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        raise UserError(done.stderr.strip().splitlines()[-1].removeprefix("error: "))


def beside_itself(project: Path) -> None:
    """The gate, the report, the bundle and the monitor as they are once this version is the champion."""
    within(project, "dvc", "checkout", "--quiet", "--force", POINTER.as_posix())
    within(project, "dvc", "repro", "--quiet")
    gate = read_json(project / "reports/validation.json")
    if failed := [c for c in gate["checks"] if not c["passed"]]:
        raise UserError(f"the gate failed when it was asked again ({failed[0]['name']}: {failed[0]['why']}); dvc repro")


def next_version(bump: str) -> str:
    have = versions()
    if not have:
        return "v1.0.0"
    major, minor, patch = order(have[-1])
    if bump == "auto":
        bump = "major" if asks(CHAMPION / "contract.yaml") != asks(BUNDLE / "contract.yaml") else "minor"
    return {"major": f"v{major + 1}.0.0", "minor": f"v{major}.{minor + 1}.0", "patch": f"v{major}.{minor}.{patch + 1}"}[
        bump
    ]


def asks(path: Path) -> Any:
    """What a client sends, {column: type}, and which question is answered."""
    if not path.exists():
        return None
    contract = read_contract(path)
    problem = contract.problem
    return {field.name: field.type for field in contract.features}, problem.target, problem.task, set(problem.classes)


def compared() -> str:
    """The gate's sentence on the champion before this one."""
    rows = [c for c in read_json("reports/validation.json")["checks"] if "champion" in c["name"]]
    return rows[0]["why"] if rows else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.release", description="release models/bundle")
    parser.add_argument("bump", nargs="?", default="auto", choices=["auto", "major", "minor", "patch"])
    given = parser.parse_args()
    with alone():
        done = settle()
        for sentence in done:
            print(f"  finished what was stopped before: {sentence}")
        if done and bundle_hash() == pointed_hash(pointer_at("HEAD")):
            print(f"release: {tag(champion_version())} is in {STAGE} and the champion")
            return
        check_tree()
        check_gate()
        git("var", "GIT_COMMITTER_IDENT")  # not known after a minute of work
        with clone("release") as project:
            out = reproduced(project)
            check_new(str(out["md5"]))
            check_bundle(project)
            version = next_version(given.bump)
            point(project, pointer_to(out), version, within(project, "git", "rev-parse", "HEAD").strip())
            print(f"{tag(version)}: the gate, the report and the monitor beside it, in a clone ...", flush=True)
            beside_itself(project)
            commit(project, f"Release {version}\n\n{compared()}")
            publish(project, version, f"{tag(version)}\n\n{pointed_hash(pointer_to(out))}", register=True)
    print(f"release: {tag(version)} is in {STAGE} and the champion (commit {commits()[tag(version)][:7]})")
    print("next: make push (shares it), make serve")


if __name__ == "__main__":
    stage(main)
