"""How well intervals and sets of classes hold on the test rows, on the whole and by slice."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecycle.evaluate.decision import share_of
from lifecycle.evaluate.slices import SlicePart, adjusted
from lifecycle.model.conformal import contains, covered

Array = np.ndarray
SLICES = 8  # those covered worst


def of_intervals(intervals: Array, y_true: Array, level: float) -> dict[str, Any]:
    """Coverage and width; `baseline_width`: of one interval for all rows alike, the middle `level` of the outcomes."""
    width = intervals[:, 1] - intervals[:, 0]
    tail = (1 - level) / 2
    naive = np.quantile(y_true, 1 - tail) - np.quantile(y_true, tail)
    inside = covered(intervals, y_true)
    return {
        "level": level,
        "coverage": share_of(int(inside.sum()), len(inside)),
        "width": {"mean": float(width.mean()), "narrow": float(np.quantile(width, 0.1)), "median": float(np.median(width)),
                  "wide": float(np.quantile(width, 0.9))},
        "baseline_width": float(naive),
    }  # fmt: skip


def of_sets(sets: Array, y_true: Array, level: float, classes: list[str]) -> dict[str, Any]:
    """Coverage on the whole and by class, and how many classes a set holds: `sizes` [of one class, of two, ...]."""
    inside, size = contains(sets, y_true), sets.sum(axis=1)
    by_class = []
    for code, name in enumerate(classes):
        rows = y_true == code
        if rows.any():
            found = share_of(int(inside[rows].sum()), int(rows.sum()))
            by_class.append({"class": name, "n": int(rows.sum()), "coverage": found})
    return {
        "level": level,
        "coverage": share_of(int(inside.sum()), len(inside)),
        "size": float(size.mean()),
        "sizes": np.bincount(size, minlength=len(classes) + 1)[1:].tolist(),
        "by_class": by_class,
    }


def by_slice(
    parts: list[SlicePart], inside: Array, width: Array, level: float, confidence: float
) -> list[dict[str, Any]]:
    """Those whose share inside is lowest; `below`: surely below the level, with the false discovery rate controlled. `width` of
    each row's interval, or the size of its set."""
    from scipy.stats import binom

    found: list[dict[str, Any]] = []
    p = []
    for part in parts:
        hits, n = int(inside[part.rows].sum()), len(part.rows)
        p.append(float(binom.cdf(hits, n, level)))
        where = [list(one) for one in part.where]
        found.append({"where": where, "n": n, "coverage": share_of(hits, n), "width": float(width[part.rows].mean())})
    for one, q in zip(found, adjusted(p), strict=True):
        one["below"] = bool(q <= 1 - confidence)
    return sorted(found, key=lambda one: one["coverage"]["value"])[:SLICES]
