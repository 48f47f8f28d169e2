"""From checks to a verdict: one budget of false alarms for all, rules for what an alarm leads to, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lifecycle.ground.files import Block
from lifecycle.monitor.batches import Live
from lifecycle.monitor.checks import Bundle, Finding, drift, quality, row, simple_checks
from lifecycle.monitor.drift import adjust
from lifecycle.monitor.performance import biases, estimate, labels_of, performance

VERDICTS = ("ok", "warn", "retrain")
# What may raise an alarm by chance, and its share of the false alarms that params.yaml allows: the most goes to what
# happens most often. Where a family cannot be tested, the others have its share.
FAMILIES = {"quality": 2, "columns": 8, "relations": 2, "rows": 3, "predictions": 2, "estimate": 1, "performance": 2}


def assess(bundle: Bundle, live: Live, answers: np.ndarray, params: Block) -> dict[str, Any]:
    """All checks and the verdict. `answers`: the model's for the live rows."""
    n = len(live.rows)
    labelled = labels_of(live, bundle)
    checks = simple_checks(bundle, live, params)
    found = {"quality": quality(bundle, live, params)}
    enough = n >= params["min_rows"]
    if enough:
        found |= drift(bundle, live, answers, labelled, params)
        found["estimate"] = estimate(bundle, answers, params)
    if labelled.sum() >= params["min_labels"]:
        found["performance"] = performance(bundle, live, answers, labelled, params)
        found["performance"] += biases(bundle, live, answers, labelled, params)
    tested = {family: findings for family, findings in found.items() if findings}
    for family, findings in tested.items():
        alpha = params["false_alarms"] * FAMILIES[family] / sum(FAMILIES[f] for f in tested)
        checks += judged(family, findings, alpha, params["rules"])
    facts = {"live_rows": n, "live_labelled": int(labelled.sum())}
    return verdict(checks, facts, params) | {"batches": live.batches}


def judged(family: str, findings: Sequence[Finding], alpha: float, rules: dict[str, str]) -> list[dict]:
    out = []
    for f, q in zip(findings, adjust([f.p for f in findings]), strict=True):
        alarm, result, why = q <= alpha and f.effect >= f.floor, "ok", f.why
        if alarm:
            result = rules[f.rule or family]
        elif q <= alpha:
            why += "; more than chance, but too little to matter"
        out.append(row(family, f.name, f.measured, f.expected, result, why, f.column))
    return out


def verdict(checks: list[dict], facts: dict[str, Any], params: Block) -> dict[str, Any]:
    """The worst check's verdict; drift counts for no more than `if_labels_hold` where labels show that the model is as good."""
    real = [c for c in checks if c["family"] == "performance"]
    holds = bool(real) and all(c["verdict"] == "ok" for c in real)
    cap = VERDICTS.index(params["rules"]["if_labels_hold"])
    for c in checks:
        # an estimate is no label: it never lowers another check's verdict
        if holds and c["family"] not in ("quality", "performance") and VERDICTS.index(c["verdict"]) > cap:
            c["verdict"] = VERDICTS[cap]
            c["why"] += "; labels show that the model is as good as at release"
    worst = max((VERDICTS.index(c["verdict"]) for c in checks), default=0)
    # the worst first; of those alike what labels say, which is what counts in the end
    alarms = sorted(
        (c for c in checks if c["verdict"] != "ok"),
        key=lambda c: (-VERDICTS.index(c["verdict"]), c["family"] != "performance"),
    )
    reasons = [f"{c['name']}: {c['why']}" for c in alarms]
    if not reasons:
        few = facts["live_rows"] < params["min_rows"]
        reasons = [
            f"only {facts['live_rows']} live rows: too few to speak of drift"
            if few
            else f"{len(checks)} checks on {facts['live_rows']:,} live rows found nothing beyond chance"
        ]
    drifted = sum(c["family"] == "columns" and c["verdict"] != "ok" for c in checks)
    first = {"verdict": VERDICTS[worst], **facts, "alarms": len(alarms), "drifted_columns": drifted}
    for key, family in (("live_auc", "rows"), ("live_estimated", "estimate"), ("live_measured", "performance")):
        values = [c["measured"] for c in checks if c["family"] == family]
        first |= {key: values[0]} if values else {}
    return first | {"reasons": reasons, "checks": checks}
