"""Do intervals, or sets of classes, still hold the outcomes as often as at release? Asked of live rows whose outcome is known."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from lifecycle.ground.files import read_json
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.finding import Finding


class Promise(NamedTuple):
    """The `level` that a model was made for, and the share of `rows` at release that it held."""

    level: float
    share: float
    rows: int


class Sure(NamedTuple):
    """What a release promises, and of the live rows their intervals (n, 2) or sets of classes (n, k)."""

    promise: Promise
    bounds: np.ndarray


def promise_of(folder: Path) -> Promise | None:
    """Of a bundle; None where it was made before there were any, or was not evaluated."""
    told = read_json(folder / "candidate.json").get("conformal")
    evaluation = folder / "evaluation.json"
    if not told or not evaluation.exists():
        return None
    content = read_json(evaluation)
    found = content.get("certainty")
    if not found or found["coverage"]["value"] is None:
        return None
    return Promise(told["level"], found["coverage"]["value"], content["n_rows"])


def held(bounds: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """Whether each outcome (a value, or a class code) is in its interval or set."""
    if bounds.dtype == bool:
        return bounds[np.arange(len(y_true)), y_true]
    return (bounds[:, 0] <= y_true) & (y_true <= bounds[:, 1])


def coverage(sure: Sure, y_true: np.ndarray, labelled: np.ndarray, params: MonitorParams) -> Finding:
    """Of the labelled rows, against the share at release. More than promised is no fault."""
    inside = held(sure.bounds[labelled], y_true)
    promise, n = sure.promise, len(inside)
    share = float(inside.mean())
    pooled = (inside.sum() + promise.share * promise.rows) / (n + promise.rows)
    error = float(np.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / n + 1 / promise.rows)))
    what = "sets of classes" if sure.bounds.dtype == bool else "intervals"
    why = (
        f"{what} made to hold {promise.level:.0%} of the outcomes hold {share:.1%} of {n:,} labelled rows, "
        f"{promise.share:.1%} at release"
    )
    expected = f"at most {params.min_effect:.0%} of the rows fewer than at release"
    p = float(norm.cdf((share - promise.share) / error))
    return Finding("coverage", share, expected, p, promise.share - share, params.min_effect, why)
