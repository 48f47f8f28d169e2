"""What production sends against the released model: `dvc repro monitor` with a memory, and whoever is to know of a change is told.

    python -m actions.monitor      or: make monitor

The stage is a function of what is there: the bundle, the batches in data/live, and reports/history/batches.csv. The last is made
here, before the look: of the reports of earlier ones, in Git and in the folder, a line for each batch and model. So the
course of time outlives the batches, nothing is lost where a look was made without this, and the report of the present look
needs no second run. Who is told, and when: actions/notify.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actions import notify
from actions.registry import git
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import digest
from lifecycle.monitor.history import HISTORY, make_places, merged, read_history, records, text_of, write_history
from lifecycle.monitor.watch import find_bundle, model_digest

REPORT = Path("reports/monitoring.json")


def main() -> None:
    make_places()
    n = remember()
    if n:
        new = "1 line is" if n == 1 else f"{n} lines are"
        print(f"monitor: {new} new in {HISTORY.as_posix()}")
    done = subprocess.run([sys.executable, "-m", "dvc", "repro", "monitor"])
    if done.returncode == 0:
        tell()
    sys.exit(done.returncode)


def tell() -> None:
    """Whom params.yaml names, where the verdict changed. What is wrong there is said, and is no fault of the look."""
    receivers = MonitorParams.load().notify
    if receivers:
        state = notify.read_state()
        notify.tell(receivers, state, notify.verdict(state), read_json(REPORT)["verdict"])


def remember() -> int:
    """Bring what earlier looks found into reports/history/batches.csv; how many lines are new or others now."""
    before = read_history()
    now = model_digest(find_bundle()), digest()
    earlier = [record for look in looks() if about(look) != now for record in records(look)]
    history = merged(before, earlier)
    if text_of(history) == text_of(before):
        return 0
    write_history(history)
    known = set(text_of(before).splitlines())
    return sum(line not in known for line in text_of(history).splitlines())


def about(look: dict[str, Any]) -> tuple[str, str]:
    """(the model's hash, the batches' hash) of a look."""
    facts = (look.get("about") or [{}])[0]
    return facts.get("model", ""), facts.get("live", "")


def looks() -> Iterator[dict[str, Any]]:
    """The reports of earlier looks, the oldest first, and the one that lies in the folder."""
    for commit in reversed(revisions()):
        done = subprocess.run(["git", "show", f"{commit}:./{REPORT.as_posix()}"], capture_output=True, encoding="utf-8")
        if done.returncode == 0:
            yield from parsed(done.stdout)
    if REPORT.exists():
        yield from parsed(REPORT.read_text("utf-8"))


def revisions() -> list[str]:
    """Commits that changed the report, the newest first; none outside Git, and before the first commit."""
    try:
        return git("log", "--format=%H", "--", REPORT.as_posix()).split()
    except UserError:
        return []


def parsed(text: str) -> Iterator[dict[str, Any]]:
    """The report, where it is whole."""
    try:
        look = json.loads(text)
    except ValueError:
        return
    if isinstance(look, dict) and isinstance(look.get("batches"), list):
        yield look


if __name__ == "__main__":
    stage(main)
