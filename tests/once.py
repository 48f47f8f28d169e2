"""What takes long to make and is changed by nobody: made once in a run of the tests, by that of its processes which asks first."""

import os

from filelock import FileLock


def once(tmp_path_factory, name, make):
    """The folder `name` as make(folder) leaves it; where that fails, the next who asks tries again."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of all processes
    made = base / name
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            # made beside, then renamed: a folder of that name is a whole one
            trial = tmp_path_factory.mktemp(f"{name}-made") / name
            make(trial)
            trial.rename(made)
    return made
