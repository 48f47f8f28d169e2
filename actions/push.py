"""Share what others need: data and models to the DVC remote, each released bundle too, then commits and tags to Git's.

    python -m actions.push      or: make push

`dvc push --all-tags` reads the remotes that each version knew, so it leaves out versions older than the remote.
"""

import subprocess

from actions.registry import POINTER, dvc, git, pointer_at, tag, versions
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import write_text


def push_versions() -> int:
    """Each version's pointer takes its place for a moment, so that today's remote is the one that is used."""
    here = POINTER.read_text("utf-8") if POINTER.exists() else None
    pointers = {pointer_at(tag(v)) for v in versions()} - {"", here}
    try:
        for text in sorted(pointers):
            write_text(POINTER, text)
            dvc("push", POINTER.as_posix(), cure="its bundle may be in another clone's cache: make push there")
    finally:
        if here is not None:
            write_text(POINTER, here)
    return len(versions())


def main() -> None:
    if not dvc("config", "--list").count("core.remote="):
        raise UserError(
            "there is no default DVC remote; `dvc remote add -d storage URL`, commit .dvc/config, then again"
        )
    if subprocess.run(["git", "diff", "--quiet", "HEAD", "--", POINTER.as_posix()]).returncode:
        raise UserError(f"{POINTER} is not committed; git commit or git restore it, then again")
    dvc("push")
    n = push_versions()
    if remotes := git("remote").splitlines():
        git("push", "--quiet", "--follow-tags", "origin" if "origin" in remotes else remotes[0], "HEAD")
    print(
        f"push: data, models and {n} released versions to the DVC remote, "
        + ("commits and tags to Git's" if remotes else "Git has no remote yet")
    )


if __name__ == "__main__":
    stage(main)
