"""Points of the curves that evaluate writes and report draws. numpy only; each function returns plain arrays.

y are class codes (classification) or floats; p are (n, k) probabilities in the contract's class order, or floats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecycle.ground.words import short

Array = np.ndarray
CLASSES_SHOWN = 20  # of a confusion matrix


def thinned(x: Array, y: Array, points: int = 150) -> tuple[Array, Array]:
    """At most `points` of a curve, evenly along its length, its ends among them."""
    if len(x) <= points:
        return x, y
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], points)).clip(0, len(x) - 1))
    return x[kept], y[kept]


def _ranked(true: Array, score: Array) -> tuple[Array, Array]:
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    tp = np.cumsum(true[order])[ends]
    return tp.astype(float), (ends + 1 - tp).astype(float)


def roc(true: Array, score: Array) -> tuple[Array, Array]:
    """False and true positive rate; empty where there is one class only."""
    if true.all() or not true.any():
        return np.empty(0), np.empty(0)
    tp, fp = _ranked(true, score)
    return np.append(0, fp / fp[-1]), np.append(0, tp / tp[-1])


def precision_recall(true: Array, score: Array) -> tuple[Array, Array]:
    """Recall and precision; empty where no row is of the class."""
    if not true.any():
        return np.empty(0), np.empty(0)
    tp, fp = _ranked(true, score)
    return tp / tp[-1], tp / (tp + fp)


def mean_roc(y: Array, p: Array) -> tuple[Array, Array]:
    """Binary: of the positive class. More classes: the mean of the curves of the classes present (macro average)."""
    if p.shape[1] == 2:
        return roc(y == 1, p[:, 1])
    curves = [roc(y == code, p[:, code]) for code in np.unique(y)]
    curves = [curve for curve in curves if len(curve[0])]
    if not curves:
        return np.empty(0), np.empty(0)
    x = np.unique(np.concatenate([fp for fp, _ in curves]))
    # at a jump the curve holds two rates for one x: interpolate takes the upper one, so start from 0 by hand
    mean = np.mean([np.interp(x, fp, tp) for fp, tp in curves], axis=0)
    return np.append(0, x), np.append(0, mean)


def within_error(y: Array, p: Array) -> tuple[Array, Array]:
    """Share of rows whose absolute error is at most x (regression error characteristic, Bi and Bennett 2003)."""
    share = np.linspace(0, 0.99, 100)  # the largest hundredth would stretch the axis and squeeze all else
    return np.quantile(np.abs(y - p), share), share


def share_within(errors: Array, y: Array, p: Array) -> Array:
    """Of the predictions `p`, the share whose absolute error is at most each of `errors`."""
    return np.searchsorted(np.sort(np.abs(y - p)), errors, side="right") / len(y)


def calibration(y: Array, p: Array, bins: int = 10) -> list[dict[str, float]]:
    """Bins of equal size by what was predicted, with what came of it and its 95 % interval.

    Binary: probability of the positive class. More classes: of the most probable class. Regression: the value.
    """
    if p.ndim == 1:
        told, true = p, y
    elif p.shape[1] == 2:
        told, true = p[:, 1], (y == 1).astype(float)
    else:
        told, true = p.max(axis=1), (p.argmax(axis=1) == y).astype(float)
    bins = int(np.clip(len(y) // 20, 2, bins))  # a share of fewer than 20 rows says little
    edges = np.unique(np.quantile(told, np.linspace(0, 1, bins + 1)[1:-1]))
    member = np.searchsorted(edges, told, side="left")
    rows = []
    for b in np.unique(member):
        x, n = true[member == b], int((member == b).sum())
        if p.ndim == 1:
            half = 1.96 * x.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            low, high = x.mean() - half, x.mean() + half
        else:
            low, high = wilson(x.mean(), n)
        rows.append({"predicted": told[member == b].mean(), "observed": x.mean(), "low": low, "high": high, "n": n})
    return rows


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): never outside [0, 1], sensible at 0 and 1."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def fifths(y: Array) -> tuple[Array, list[str]]:
    """The cuts between fifths of y, and a label for each part, numbered so that it sorts."""
    cuts = np.unique(np.quantile(y, [0.2, 0.4, 0.6, 0.8]))
    labels = [f"{i + 1}: to {short(cut)}" for i, cut in enumerate(cuts)]
    return cuts, [*labels, f"{len(cuts) + 1}: above {short(cuts[-1])}"]


def confusion(actual: Array, predicted: Array, labels: Sequence[str], limit: int) -> tuple[Array, list[str]]:
    """Counts (actual down, predicted across) and their labels; beyond `limit` classes the rarer ones become one."""
    k = len(labels)
    counts = np.bincount(actual * k + predicted, minlength=k * k).reshape(k, k)
    if k <= limit:
        return counts, list(labels)
    common = np.sort(np.argsort(-(counts.sum(axis=1) + counts.sum(axis=0)), kind="stable")[: limit - 1])
    place = np.full(k, limit - 1)
    place[common] = np.arange(limit - 1)
    small = np.zeros((limit, limit), dtype=int)
    np.add.at(small, (place[:, None], place[None, :]), counts)
    return small, [*(labels[c] for c in common), f"{k - limit + 1} others"]


def rows_of(counts: Array, limit: int) -> list[tuple[int, int]]:
    """(actual, predicted) pairs as often as counted, as DVC's confusion template wants them.

    With more than `limit` rows the counts are scaled down in proportion, for the file is kept in Git.
    """
    total = int(counts.sum())
    if total > limit:
        exact = counts * (limit / total)
        # a cell that has rows keeps at least one
        counts = np.maximum(np.round(exact).astype(int), (counts > 0).astype(int))
    return [(i, j) for i, j in np.ndindex(counts.shape) for _ in range(int(counts[i, j]))]
