"""Go back to a version released before: its bundle becomes the champion again, and production is assigned to it.

    python -m actions.rollback [VERSION]      or: make rollback; the version before the one in production by default

By Git alone: the pointer models/champion/bundle.dvc is taken from that version's commit; nothing is trained.
"""

import argparse

import gto.api

from actions.registry import POINTER, STAGE, champion_version, dvc, git, in_production, known, name, order, tag
from lifecycle.ground.errors import UserError, stage


def previous() -> str:
    """The highest version below the one in production that was in production itself."""
    past = in_production()
    lower = sorted({v for v in past if order(v) < order(past[-1])}, key=order) if past else []
    if not lower:
        raise UserError(
            f"there is no version before {past[-1]} to go back to" if past else "nothing was released yet; make release"
        )
    return lower[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m actions.rollback", description="go back to a version released before"
    )
    parser.add_argument("version", nargs="?", default="")
    given = parser.parse_args()
    version = known(given.version) if given.version else previous()
    changed = [line[3:] for line in git("status", "--porcelain", "--untracked-files=no").splitlines()]
    if changed:
        raise UserError(f"{changed[0]} is not committed; git commit or git restore it, then again")
    before = in_production()[-1:]
    if version in before and champion_version() == version:
        raise UserError(f"{version} is in production already")
    git("checkout", "--quiet", tag(version), "--", POINTER.as_posix())
    try:
        # from the cache, else from the remote
        dvc("pull", POINTER.as_posix()) if not _checkout() else None
    except UserError:
        git("checkout", "--quiet", "HEAD", "--", POINTER.as_posix())
        dvc("checkout", "--quiet", "--force", POINTER.as_posix())
        raise
    if git("status", "--porcelain", "--", POINTER.as_posix()):
        git("commit", "--quiet", "-m", f"Roll back to {version}", "--", POINTER.as_posix())
    # force: a version that was there before gets a new tag
    gto.api.assign(".", name(), STAGE, version=version, force=True, message=f"{name()} back to {version}")
    print(
        f"rollback: {tag(version)} is in {STAGE} and the champion again" + (f"; it was {before[0]}" if before else "")
    )
    print("next: make push (shares it), make serve")


def _checkout() -> bool:
    try:
        dvc("checkout", "--quiet", "--force", POINTER.as_posix())
        return True
    except UserError:
        return False


if __name__ == "__main__":
    stage(main)
