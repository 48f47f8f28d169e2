"""From findings to a verdict: one budget of false alarms for all, rules for what an alarm leads to, and the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import Live
from lifecycle.monitor.coverage import Sure, coverage
from lifecycle.monitor.drift import drift
from lifecycle.monitor.finding import NO_DATA, VERDICTS, Finding, Judgement, judged
from lifecycle.monitor.performance import biases, estimate, labelled_rows, labels_of, performance
from lifecycle.monitor.quality import faulty_cells, plain_checks
from lifecycle.monitor.reference import Reference

# What may raise an alarm by chance, and its share of the false alarms that params.yaml allows: the most goes to what
# happens most often. Where a family cannot be tested, the others have its share.
FAMILIES = {"quality": 2, "columns": 8, "relations": 2, "rows": 3, "predictions": 2, "estimate": 1, "performance": 2}
# the families whose first figure is shown beside the verdict
SHOWN = {"rows": "live_auc", "estimate": "live_estimated", "performance": "live_measured"}
STILL_GOOD = "; labels show that the model is as good as at release"


def assess(
    reference: Reference, live: Live, prediction: np.ndarray, params: MonitorParams, sure: Sure | None = None
) -> dict[str, Any]:
    """All checks and the verdict, as reports/monitoring.json has them. `prediction`: the model's for the live rows; `sure`: how
    sure it says that it is, where it does."""
    labelled = labels_of(live, reference)
    checks = plain_checks(reference, live, params)
    found = findings(reference, live, prediction, labelled, params)
    if sure is not None and "performance" in found:
        found["performance"] = [
            *found["performance"],
            coverage(sure, reference.outcomes(live.rows[labelled]), labelled, params),
        ]
    for family, alpha in budget(found, params.false_alarms).items():
        checks += judged(family, found[family], alpha, params.rules)
    checks = trust_labels(checks, params.rules.if_labels_hold)
    return verdict(checks, len(live.rows), int(labelled.sum()), params.min_rows)


def findings(
    reference: Reference, live: Live, prediction: np.ndarray, labelled: np.ndarray, params: MonitorParams
) -> dict[str, list[Finding]]:
    """What can be tested with the rows and the labels that came, by family."""
    found = {"quality": faulty_cells(reference, live, params)}
    if len(live.rows) >= params.min_rows:
        found |= drift(reference, live, prediction, labelled, params)
        found["estimate"] = estimate(reference, live, prediction, params)
    if labelled.sum() >= params.min_labels:
        parts = labelled_rows(reference, live, prediction, labelled, params)
        found["performance"] = performance(reference, parts, params) + biases(reference, parts, params)
    return {family: tests for family, tests in found.items() if tests}


def budget(found: Mapping[str, Sequence[Finding]], false_alarms: float) -> dict[str, float]:
    """The false alarms that each family may have."""
    whole = sum(FAMILIES[family] for family in found)
    return {family: false_alarms * FAMILIES[family] / whole for family in found}


def trust_labels(checks: list[Judgement], cap: str) -> list[Judgement]:
    """Drift counts for no more than `cap` where labels show that the model is as good as at release. An estimate is no label:
    it never lowers another check's verdict."""
    measured = [check for check in checks if check.family == "performance"]
    if not measured or not all(check.verdict == "ok" and np.isfinite(check.measured) for check in measured):
        return checks
    out = []
    for check in checks:
        of_drift = check.family not in ("quality", "performance")
        if of_drift and check.severity > VERDICTS.index(cap):
            check = replace(check, verdict=cap, why=check.why + STILL_GOOD)
        out.append(check)
    return out


def verdict(checks: list[Judgement], live_rows: int, live_labelled: int, min_rows: int) -> dict[str, Any]:
    """The worst check's verdict, the reasons, and the handful of figures that DVC shows."""
    # the worst first; of those alike what labels say, which is what counts in the end
    alarms = [check for check in checks if check.verdict != "ok"]
    alarms.sort(key=lambda check: (-check.severity, check.family != "performance"))
    calm_verdict = "ok" if live_rows else NO_DATA
    shown: dict[str, Any] = {"verdict": alarms[0].verdict if alarms else calm_verdict}
    shown |= {"live_rows": live_rows, "live_labelled": live_labelled, "alarms": len(alarms)}
    shown["drifted_columns"] = sum(check.family == "columns" for check in alarms)
    written = [check.write() for check in checks]
    for family, key in SHOWN.items():
        values = [check["measured"] for check in written if check["family"] == family]
        if values:
            shown[key] = values[0]
    reasons = [f"{check.name}: {check.why}" for check in alarms]
    return shown | {"reasons": reasons or [calm(checks, live_rows, min_rows)], "checks": written}


def calm(checks: list[Judgement], live_rows: int, min_rows: int) -> str:
    """What is said where nothing raised an alarm."""
    if live_rows < min_rows:
        return f"only {live_rows} live rows: too few to speak of drift"
    return f"{len(checks)} checks on {live_rows:,} live rows found nothing beyond chance"
