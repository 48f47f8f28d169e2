"""Share what others need: data and models to the DVC remote, each released bundle too, then commits and tags to Git's.

    python -m actions.push      or: make push

`dvc push --all-tags` and `--all-commits` take the remotes from each commit's own .dvc/config, so that they leave out every version
that was released before the remote was added. Here each released bundle goes to today's remote, by its hash: no file is touched.
"""

import json
import logging
import subprocess
from typing import Any

from actions.registry import POINTER, dvc, git, hash_of, kept, objects, versions
from lifecycle.ground.errors import UserError, stage


def push_versions() -> int:
    """Each released bundle, from the cache to today's remote; the number of versions."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc.data_cloud").setLevel(logging.ERROR)  # what it warns of is the error below
    have = versions()
    with Repo(".") as repository, repository.lock:
        for version in have:
            try:
                there = push_folder(repository, hash_of(version))
            except (DvcException, OSError) as error:
                raise UserError(f"the bundle of {version} could not be pushed: {error}") from None
            if not there:
                raise UserError(
                    f"the bundle of {version} is neither in DVC's cache here nor in the remote; "
                    "`make push` where it was released"
                )
    return len(have)


def push_folder(repository: Any, digest: str) -> bool:
    """The folder's files, then its listing, so that a listing in the remote means that its files are there; whether it is."""
    from dvc_data.hashfile.hash_info import HashInfo

    listing = kept(objects(), digest)
    remote = repository.cloud.get_remote_odb(command="push")
    if not listing.exists():
        return bool(remote.exists(digest))
    names = [entry["md5"] for entry in json.loads(listing.read_text("utf-8"))]
    repository.cloud.push([HashInfo("md5", name) for name in names])
    if set(remote.oids_exist(names)) != set(names):
        return False
    return not repository.cloud.push([HashInfo("md5", digest)]).failed


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
