"""How sure an answer is: an interval around a value, or the set of classes that may be the right one.

Split-conformal (Vovk et al. 2005; Lei et al. 2018), on out-of-fold predictions: errors on rows that the model had not seen, in
folds of the split's own scheme, say how far off it is. Where an error can be foreseen from the row, intervals are locally scaled
(Papadopoulos et al. 2011): wide where errors are large. Sets hold a class unless its probability is lower than it nearly ever is
where that class is right, each class by its own rows (Sadinle et al. 2019), so that a rare one is not left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lifecycle.model.encode import Column, TableEncoder
from lifecycle.model.fast_encode import FewRows
from lifecycle.model.fast_trees import FEW, quick

Array = np.ndarray
SCALE_ROWS = 30_000  # that the size of errors is learned from; more say little more
ENOUGH = 200  # rows; of fewer no local scale is learned
USEFUL = 0.99  # a local scale must make intervals so much narrower
CLASS_ROWS = 20  # of a class; one with fewer goes by the rows of all classes


def quantile(values: Array, share: float, weight: Array | None = None) -> float:
    """The smallest of `values` that at least `share` of (n + 1) rows are not above, as one more row may be anywhere; the
    largest where that is none."""
    order = np.argsort(values, kind="stable")
    w = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=float)
    reached = np.cumsum(w[order])
    wanted = share * (reached[-1] + w.mean())
    return float(values[order][min(int(np.searchsorted(reached, wanted - 1e-9)), len(values) - 1)])


# ---- values -------------------------------------------------------------------------------------------------------


class Scale:
    """How large an error is to be expected, from a row's columns and its prediction; 1 is an average one."""

    _few_rows: FewRows | None = None  # as a Model has it

    def __init__(self, kinds: Mapping[str, str], random_state: int) -> None:
        usable = {column: kind for column, kind in kinds.items() if kind != "text"}
        self.encoder = TableEncoder(usable, "tree", random_state)
        self.random_state = random_state
        self._quick: Any = None

    def fit(self, rows: dict[str, Array], prediction: Array, error: Array) -> Scale:
        from sklearn.ensemble import HistGradientBoostingRegressor

        size = np.abs(error)
        self.least = max(0.1 * float(np.median(size)), 1e-12)
        y = np.log(size + self.least)
        leaf = int(np.clip(len(y) // 50, 20, 200))
        self.estimator = HistGradientBoostingRegressor(
            max_iter=80, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=leaf, l2_regularization=1.0,
            early_stopping=False, random_state=self.random_state,
        )  # fmt: skip
        x = np.column_stack([self.encoder.fit_transform(rows, y), prediction])
        self.estimator.fit(x, y)
        return self

    def __call__(self, rows: Any, prediction: Array) -> Array:
        x = np.column_stack([self._encoded(rows, len(prediction)), prediction])
        estimator = self.estimator
        if 0 < len(x) <= FEW:
            self._quick = self._quick or quick(estimator, x)
            estimator = self._quick
        return np.exp(estimator.predict(x))

    def _encoded(self, rows: Any, n: int) -> Array:
        if not isinstance(rows, dict) or not 0 < n <= FEW:
            return self.encoder.transform(rows)
        if self._few_rows is None:
            self._few_rows = FewRows([self.encoder], rows)
        return self._few_rows(rows)[id(self.encoder)]

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_quick": None}
        state.pop("_few_rows", None)
        return state


class Intervals:
    """`below`, `above`: how far the interval reaches from a prediction, times the row's scale. `least`: no outcome is lower."""

    def __init__(self, level: float, scale: Scale | None, below: float, above: float, least: float | None) -> None:
        self.level, self.scale, self.below, self.above, self.least = level, scale, below, above, least

    def __call__(self, rows: Any, prediction: Array) -> Array:
        """(n, 2): low and high, around the prediction."""
        scale = np.ones(len(prediction))
        if self.scale is not None and len(prediction):
            scale = self.scale(rows, prediction)
        low, high = prediction - self.below * scale, prediction + self.above * scale
        if self.least is not None:
            low = np.maximum(low, self.least)
        # errors to one side alone would put the prediction outside its own interval
        return np.column_stack([np.minimum(low, prediction), np.maximum(high, prediction)])

    def facts(self) -> dict[str, Any]:
        """What candidate.json says of them."""
        local = self.scale is not None
        return {"level": self.level, "local": local, "below": round(self.below, 6), "above": round(self.above, 6)}


def fit_intervals(
    rows: Mapping[str, Column],
    kinds: Mapping[str, str],
    y: Array,
    prediction: Array,
    fold: Array,
    weight: Array | None,
    level: float,
    random_state: int,
) -> Intervals:
    """From out-of-fold predictions; `fold` of each row."""
    error = y - prediction
    # what was never below zero is taken to be a size, a count, a price
    least = 0.0 if len(y) and y.min() >= 0 else None
    plain = ends(error, level, weight)
    if len(y) < ENOUGH or not np.ptp(error) > 0:
        return Intervals(level, None, *plain, least)
    some = _some(len(y), random_state)
    taken = {column: np.asarray(values[some]) for column, values in rows.items()}
    local = crossed_scale(taken, kinds, prediction[some], error[some], fold[some], random_state)
    w = None if weight is None else weight[some]
    scaled = ends(error[some] / local, level, w)
    if not sum(scaled) * np.average(local, weights=w) < sum(plain) * USEFUL:
        return Intervals(level, None, *plain, least)
    scale = Scale(kinds, random_state).fit(taken, prediction[some], error[some])
    return Intervals(level, scale, *scaled, least)


def ends(error: Array, level: float, weight: Array | None) -> tuple[float, float]:
    """How far below and above the prediction the middle `level` of the outcomes lies; each tail has its own end, for errors are
    often longer to one side."""
    tail = (1 - level) / 2
    return quantile(-error, 1 - tail, weight), quantile(error, 1 - tail, weight)


def crossed_scale(
    rows: dict[str, Array], kinds: Mapping[str, str], prediction: Array, error: Array, fold: Array, random_state: int
) -> Array:
    """The scale of each row, learned from the other folds."""
    parts = np.unique(fold)
    if len(parts) == 1:  # one held part: by halves
        fold = np.random.default_rng(random_state).permutation(len(fold)) % 2
        parts = np.array([0, 1])
    local = np.empty(len(error))
    for k in parts:
        here = fold == k
        others = {column: values[~here] for column, values in rows.items()}
        own = {column: values[here] for column, values in rows.items()}
        scale = Scale(kinds, random_state).fit(others, prediction[~here], error[~here])
        local[here] = scale(own, prediction[here])
    return local


def _some(n: int, random_state: int) -> Array:
    if n <= SCALE_ROWS:
        return np.arange(n)
    return np.sort(np.random.default_rng(random_state).choice(n, SCALE_ROWS, replace=False))


# ---- classes ------------------------------------------------------------------------------------------------------


class Sets:
    """`least`: the probability from which on each class may be the right one, in their order."""

    def __init__(self, level: float, least: Array) -> None:
        self.level, self.least = level, least

    def __call__(self, p: Array) -> Array:
        """(n, k): whether the class is in the row's set. The likeliest is where no other is: a set says something of each row."""
        member = p >= self.least
        empty = ~member.any(axis=1)
        member[empty, p[empty].argmax(axis=1)] = True
        return member

    def facts(self) -> dict[str, Any]:
        return {"level": self.level, "least": [round(float(one), 6) for one in self.least]}


def fit_sets(y: Array, p: Array, weight: Array | None, level: float) -> Sets:
    """From out-of-fold predictions."""
    chance = p[np.arange(len(y)), y]

    def bound(rows: Array) -> float:
        return -quantile(-chance[rows], level, None if weight is None else weight[rows])

    of_all = bound(np.arange(len(y)))
    least = np.full(p.shape[1], of_all)
    for code in range(p.shape[1]):
        rows = np.flatnonzero(y == code)
        if len(rows) >= CLASS_ROWS:
            least[code] = bound(rows)
    return Sets(level, least)


# ---- how well they hold -------------------------------------------------------------------------------------------


def covered(intervals: Array, y: Array) -> Array:
    """Whether each outcome is in its interval."""
    return (intervals[:, 0] <= y) & (y <= intervals[:, 1])


def contains(sets: Array, y: Array) -> Array:
    """Whether each outcome, as a code, is in its set."""
    return sets[np.arange(len(y)), y]


def in_words(row: Sequence[bool] | Array, classes: Sequence[str]) -> list[str]:
    """The classes of one row's set."""
    return [name for name, member in zip(classes, row, strict=True) if member]
