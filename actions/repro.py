"""Rebuild whatever changed: `dvc repro`, without the hints of DVC that do not apply here, and where the project stands after it.

    python -m actions.repro [what dvc repro takes]      or: make repro

DVC proposes a `git add` of a part of what a run changes, and a `dvc push` without a remote; what is to be committed, and what
comes next, is said by actions.status at the end. DVC runs in this process, so that its progress and its errors are as ever.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from unittest.mock import patch

from actions import status
from actions.doctor import what_is_left
from lifecycle.ground.errors import stage
from lifecycle.monitor.history import make_places
from lifecycle.report.standing import SAID_AFTERWARDS

HINT = "Use `dvc push` to send"


def reproduce(arguments: list[str]) -> int:
    """The exit status of `dvc repro`."""
    from dvc.cli import main as dvc_main
    from dvc.ui import ui

    say = ui.write

    def write(*objects: object, **how: object) -> None:
        if not str(objects[:1]).startswith(f"('{HINT}"):
            say(*objects, **how)

    logging.getLogger("dvc.repo.scm_context").setLevel(logging.WARNING)  # "To track the changes with git, run: ..."
    with patch.object(ui, "write", write):
        return int(dvc_main(["repro", *arguments]) or 0)


def main() -> None:
    # dvc.yaml says `python`, and means the one that runs this
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.environ[SAID_AFTERWARDS] = "1"
    make_places()
    if failed := reproduce(sys.argv[1:]):
        if found := what_is_left():
            print(found)
        sys.exit(failed)
    status.write_status()
    status.show()


if __name__ == "__main__":
    stage(main)
