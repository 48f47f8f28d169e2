"""Stages run inside this process: as `python -m stages.NAME` would, at a hundredth of the time."""

import contextlib
import importlib
import io
import os
from pathlib import Path
from typing import NamedTuple

from lifecycle.ground.errors import stage


class Ran(NamedTuple):
    """`code`: exit status; `out`, `err`: what it printed; `name`: the stage that ran last."""

    code: int
    out: str
    err: str
    name: str


def run_here(folder: Path, *names: str) -> Ran:
    """Run the stages in `folder` one after the other, up to the first that fails. A traceback is raised, not printed."""
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    os.chdir(folder)
    try:
        for name in names:
            try:
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    stage(importlib.import_module(f"stages.{name}").main)
            except SystemExit as end:
                said = f"{end.code}\n" if isinstance(end.code, str) else ""  # as the interpreter does at the end
                return Ran(1 if said else int(end.code or 0), out.getvalue(), err.getvalue() + said, name)
    finally:
        os.chdir(before)
    return Ran(0, out.getvalue(), err.getvalue(), names[-1])
