"""Where the project stands: the score beside the baseline, the gate, what to open, what to commit, what comes next.

    python -m actions.status      after each `make repro`

It reads what the stages wrote, and asks Git; it changes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actions.registry import BUNDLE, champion_version, changed_paths, git, pointer_at
from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_json
from lifecycle.ground.words import as_scores, plain
from lifecycle.model.store import folder_hash, pointed_hash

REPORT, WATCHED = Path("reports/report.html"), Path("reports/monitoring.html")


def score(evaluation: dict[str, Any]) -> str:
    """log_loss 0.424 [0.397, 0.452] on 1402 test rows, naive baseline 0.584."""
    found = evaluation["score"]
    value, low, high, baseline = as_scores([found[key] for key in ("value", "low", "high", "baseline")])
    return (
        f"{evaluation['metric']} {value} [{low}, {high}] on {evaluation['n_rows']} test rows, naive baseline {baseline}"
    )


def gate(validation: dict[str, Any]) -> str:
    failed = [check for check in validation["checks"] if not check["passed"]]
    if not failed:
        return f"passed, {len(validation['checks'])} checks"
    named = "; ".join(f"{c['name']} ({plain(c['measured'])}, required {c['required']})" for c in failed[:3])
    return f"FAILED: {named}{'; ...' if len(failed) > 3 else ''}"


def to_open(monitoring: dict[str, Any]) -> str:
    watched = f", {WATCHED.as_posix()}" if monitoring["verdict"] != "no data" else ""
    return f"{REPORT.as_posix()}{watched}"


def to_commit() -> str:
    """The command, or that there is nothing to commit."""
    paths = changed_paths() + changed_paths(untracked=True)
    if not paths:
        return "nothing: this is the commit's"
    some = "file" if len(paths) == 1 else "files"
    return f'git add -A && git commit -m "..."      ({len(paths)} {some}, such as {paths[0]})'


def next_step(validation: dict[str, Any], monitoring: dict[str, Any]) -> str:
    if not validation["passed"]:
        return "reports/report.html says what failed and what cures it; params.yaml holds what is required (problem.criteria)"
    if monitoring["verdict"] == "retrain":
        return "make retrain      (python -m actions.retrain)"
    if BUNDLE.exists() and folder_hash(BUNDLE) != pointed_hash(pointer_at("HEAD")):
        released = champion_version()
        return f"make release      (python -m actions.release){f'; {released} is in production' if released else ''}"
    return f"make serve        (python -m actions.serve); {champion_version()} is in production"


def lines() -> Iterator[tuple[str, str]]:
    """(what, how it stands). Raises UserError where the pipeline has not run to its end."""
    named = (f"reports/{name}.json" for name in ("evaluation", "validation", "monitoring"))
    evaluation, validation, monitoring = map(read_json, named)
    yield "score", score(evaluation[0])
    yield "gate", gate(validation)
    if monitoring["verdict"] != "no data":
        yield "monitor", monitoring["verdict"]
    yield "open", to_open(monitoring)
    if git("rev-list", "-n", "1", "--all"):
        yield "commit", to_commit()
        yield "next", next_step(validation, monitoring)


def main() -> None:
    argparse.ArgumentParser(prog="python -m actions.status", description="where the project stands").parse_args()
    print()
    for what, how in lines():
        print(f"{what:8} {how}")


if __name__ == "__main__":
    stage(main)
