"""Each batch by itself: its score, what is to be expected, how many columns drifted, how many rows it has, and what came of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import ANSWERED, Live
from lifecycle.monitor.drift import changed_column, feature_kinds
from lifecycle.monitor.estimate import Known, estimated, measured
from lifecycle.monitor.finding import judged
from lifecycle.monitor.performance import labels_of
from lifecycle.monitor.reference import Reference

SHARE = 0.4  # of the false alarms that params.yaml allows, that the columns of one batch may have


def by_batch(reference: Reference, live: Live, prediction: np.ndarray, params: MonitorParams) -> list[dict[str, Any]]:
    """Each batch as the result has it. What a batch has too few rows or labels for is not in it."""
    labelled = labels_of(live, reference)
    out = []
    for batch in live.batches:
        here = live.batch == batch.file
        written = batch.write() | dates(live, here, reference)
        if here.sum() >= params.min_rows:
            written |= expected(reference, live, prediction, here, params)
        if (here & labelled).sum() >= params.min_labels:
            written |= came(reference, live, prediction, here & labelled, params)
        out.append(written)
    return out


def dates(live: Live, here: np.ndarray, reference: Reference) -> dict[str, str]:
    """The days that the batch covers, by the contract's time column, else by when the service answered."""
    time = reference.contract.time
    moments = pd.Series(dtype="datetime64[us]")
    if time is not None and time.is_date:
        moments = live.rows[time.name][here]
    elif time is None and ANSWERED in live.text:
        moments = pd.to_datetime(live.text[ANSWERED][here], errors="coerce", format="ISO8601")
    moments = moments.dropna()
    if not len(moments):
        return {}
    return {"from": f"{moments.min():%Y-%m-%d}", "to": f"{moments.max():%Y-%m-%d}"}


def expected(
    reference: Reference, live: Live, prediction: np.ndarray, here: np.ndarray, params: MonitorParams
) -> dict[str, Any]:
    """What needs no labels."""
    rows = live.rows[here]
    weight = reference.weights_of(rows)
    known = Known(reference.y_true, reference.prediction)
    score = estimated(reference.metric, prediction[here], known, params.draw, reference.judged, weight)
    tests = []
    for column, kind in feature_kinds(reference.contract).items():
        found = changed_column(reference, rows, column, kind, "column", params)
        if found is not None:
            tests.append(found)
    checks = judged("columns", tests, SHARE * params.false_alarms, params.rules) if tests else []
    return {
        "estimated": score.value,
        "drifted": sum(check.verdict != "ok" for check in checks),
        "predicted": float(np.average(of_interest(reference, prediction[here]), weights=weight)),
    }


def came(
    reference: Reference, live: Live, prediction: np.ndarray, here: np.ndarray, params: MonitorParams
) -> dict[str, Any]:
    """What labels show."""
    rows = live.rows[here]
    weight = reference.weights_of(rows)
    y_true = reference.outcomes(rows)
    score = measured(reference.metric, y_true, reference.judged(prediction[here]), params.draw, weight)
    outcome = y_true.astype(float)
    if reference.prediction.ndim == 2:
        outcome = (y_true == class_of_interest(reference)).astype(float)
    return {
        "score": score.value,
        "low": score.low,
        "high": score.high,
        "outcome": float(np.average(outcome, weights=weight)),
    }


def class_of_interest(reference: Reference) -> int:
    """The positive class of two, else the most frequent one."""
    if reference.prediction.shape[1] == 2:
        return 1
    return int(np.bincount(reference.y_true).argmax())


def of_interest(reference: Reference, prediction: np.ndarray) -> np.ndarray:
    """Values, or probabilities of the class of interest."""
    return prediction if prediction.ndim == 1 else prediction[:, class_of_interest(reference)]


def interest(reference: Reference) -> str:
    """What `predicted` and `outcome` of a batch are, in words."""
    problem = reference.contract.problem
    if reference.prediction.ndim == 1:
        return f"mean of {problem.target}"
    return f"share of {problem.classes[class_of_interest(reference)]}"
