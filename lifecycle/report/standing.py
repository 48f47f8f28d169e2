"""Where a project stands after a run, in a few lines: the score beside the baseline, the gate, what to open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lifecycle.ground.files import read_json
from lifecycle.ground.words import as_scores, plain

REPORT, WATCHED = Path("reports/report.html"), Path("reports/monitoring.html")
SAID_AFTERWARDS = "LIFECYCLE_STATUS"  # set by actions.repro, which says it all, and more, when the run has ended


def score_words(evaluation: dict[str, Any]) -> str:
    """log_loss 0.424 [0.397, 0.452], naive baseline 0.584, 1,402 test rows."""
    found = evaluation["score"]
    value, low, high, baseline = as_scores([found[key] for key in ("value", "low", "high", "baseline")])
    rows = f"{evaluation['n_rows']:,} test rows"
    return f"{evaluation['metric']} {value} [{low}, {high}], naive baseline {baseline}, {rows}"


def gate_words(validation: dict[str, Any]) -> str:
    failed = [check for check in validation["checks"] if not check["passed"]]
    if not failed:
        return f"passed, {len(validation['checks'])} checks"
    named = "; ".join(f"{c['name']} ({plain(c['measured'])}, required {c['required']})" for c in failed[:3])
    return f"FAILED: {named}{'; ...' if len(failed) > 3 else ''}"


def to_open(monitoring: dict[str, Any]) -> str:
    watched = f", {WATCHED.as_posix()}" if monitoring["verdict"] != "no data" else ""
    return f"{REPORT.as_posix()}{watched}"


def summary() -> Iterator[str]:
    """What the last stage ends a run with. It asks no Git, as no stage does: actions.status says the rest."""
    paths = [Path(f"reports/{name}.json") for name in ("evaluation", "validation", "monitoring")]
    if SAID_AFTERWARDS in os.environ or not all(path.exists() for path in paths):
        return
    evaluation, validation, monitoring = map(read_json, paths)
    yield ""
    yield f"score    {score_words(evaluation[0])}"
    yield f"gate     {gate_words(validation)}"
    yield f"open     {to_open(monitoring)}"
    yield "commit   git add -A && git commit"
    yield "next     python -m actions.status      (what is to be committed, and what comes then)"
