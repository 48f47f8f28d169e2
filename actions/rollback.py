"""Go back to a version released before: its bundle becomes the champion again, and production is assigned to it.

    python -m actions.rollback [VERSION]      or: make rollback; the version before the one in production by default

By Git alone: the pointer models/champion/bundle.dvc is taken from that version's commit; nothing is trained, and nothing is
judged anew: `dvc repro` does that, when there is time, and then `dvc status` is clean. Stopped at any moment, a second call
finishes, and goes no version further back.
"""

import argparse
from typing import Any

from actions.publish import TMP, alone, clone, commit, commit_of, point, publish, settle
from actions.registry import (
    STAGE,
    champion_version,
    changed_paths,
    fetch,
    git,
    hash_of,
    in_production,
    known,
    order,
    pointer_at,
    tag,
)
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, write_json

BEGUN = TMP / "rollback.json"  # what a call that has not ended yet wants: {version, the commit that it began at}


def previous() -> str:
    """The highest version below the one in production that was in production itself."""
    past = in_production()
    lower = sorted({v for v in past if order(v) < order(past[-1])}, key=order) if past else []
    if not lower:
        raise UserError(
            f"there is no version before {past[-1]} to go back to" if past else "nothing was released yet; make release"
        )
    return lower[-1]


def was_done(wanted: str) -> bool:
    """Whether the call before, which was stopped before it could say so, has done what is wanted now."""
    if not BEGUN.exists():
        return False
    begun: dict[str, Any] = read_json(BEGUN)
    version = begun["version"]
    if wanted.removeprefix("v") not in ("", version.removeprefix("v")):
        return False
    began = begun["commit"]
    return began in git("rev-list", "--max-count=2", "HEAD").split() and in_production()[-1:] == [version]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m actions.rollback", description="go back to a version released before"
    )
    parser.add_argument("version", nargs="?", default="")
    given = parser.parse_args()
    with alone():
        done = settle()
        for sentence in done:
            print(f"  finished what was stopped before: {sentence}")
        now = champion_version()
        if was_done(given.version) or (done and given.version.removeprefix("v") in ("", now.removeprefix("v"))):
            print(
                f"rollback: {tag(now)} is in {STAGE} and the champion: the call before, which was stopped, had come so far"
            )
            BEGUN.unlink(missing_ok=True)
            return
        version = known(given.version) if given.version else previous()
        if changed := changed_paths():
            raise UserError(f"{changed[0]} is not committed; git commit or git restore it, then again")
        before = in_production()[-1:]
        if version in before and champion_version() == version:
            raise UserError(f"{version} is in production already")
        hash_of(version)
        fetch(version)  # before anything changes: it is here, and it is the one that was released
        git("var", "GIT_COMMITTER_IDENT")
        with clone("rollback") as project:
            point(project, pointer_at(tag(version)), version, commit_of(version))
            commit(project, f"Roll back to {version}")
            write_json(BEGUN, {"version": version, "commit": git("rev-parse", "HEAD")})
            publish(project, version, f"{tag(version)} again", register=False)
        print(
            f"rollback: {tag(version)} is in {STAGE} and the champion again"
            + (f"; it was {before[0]}" if before else "")
        )
        print(
            "next: make push (shares it), make serve; `dvc repro` judges the candidate beside it, then git commit",
            flush=True,
        )
        BEGUN.unlink()


if __name__ == "__main__":
    stage(main)
