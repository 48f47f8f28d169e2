"""One fit of one candidate on one fold, in a worker process: rows of the fold encoded, fitted, held rows predicted."""

from __future__ import annotations

import inspect
import pickle
import signal
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.memory import give_back
from lifecycle.ground.metrics import Metric, add_metrics, metric
from lifecycle.model.encode import BLOCK_ROWS, MANY, SomeRows, TableEncoder
from lifecycle.model.families import build
from lifecycle.model.model import floor_probabilities
from lifecycle.search.budget import Entry
from lifecycle.search.data import TrainingData

# rounds of boosting after which the predictions are looked at: close enough, and few enough to choose among without overfitting
CHECKPOINTS = list(np.unique(np.round(1.2 ** np.arange(48)).astype(int)))
# of many rows each look takes 16 bytes a row, and the best round is less sharp
FEW_CHECKPOINTS = list(np.unique(np.round(1.5 ** np.arange(24)).astype(int)))
MATRICES = 4  # encoded folds that a worker keeps; of many rows one
# rows that a curve of each number is fitted on at most: a few hundred parameters ask for no more, and each row takes 1.6 kB
MOST_PIECEWISE = 100_000
ALL_ROWS = -1  # instead of a fold


class Job(NamedTuple):
    """`fold`: its number, or ALL_ROWS. `keep`: what was fitted comes back, too. `repeat`: of which parting of the rows the fold
    is; each draws its own random numbers."""

    entry: Entry
    fold: int
    keep: bool
    repeat: int = 0


@dataclass
class Fit:
    """One fit: `stages` predictions for the held rows by rounds of boosting (0: no rounds), `fitted` (encoder, estimator)."""

    seconds: float
    stages: dict[int, np.ndarray]
    size: int
    fitted: tuple[TableEncoder, Any] | None = None


@dataclass
class Encoded:
    """A fold's rows as one style of encoder makes them; the encoder is fitted on the rows of `fit_on` alone. `compact`: matrices are
    sparse where that is smaller; `x_held`: None until a candidate takes it whole."""

    encoder: TableEncoder
    compact: bool
    x: Any
    fit_on: np.ndarray
    held: np.ndarray
    x_held: Any = None


_fitter: Fitter | None = None


def start(data: TrainingData, metrics: Mapping[str, Metric]) -> None:
    """In a new worker: the rows, and no matrices yet; the user's own metrics. Ctrl-C is for the parent, which ends its workers."""
    global _fitter
    alone()
    add_metrics(metrics)
    _fitter = Fitter(data)


def alone() -> None:
    """A worker is one core, as the plan counts it: more threads wait for each other where cores are shared, five times as long in
    all, and sums would hang on their number."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)


def worker_data() -> TrainingData:
    """The rows that this process was started with."""
    assert _fitter is not None, "a worker is started with its rows"
    return _fitter.data


def fit_one(entry: Entry, fold: int, keep: bool, repeat: int = 0) -> Fit | str:
    """Fit `entry` on a fold and predict its held rows; a text says why it cannot be fitted."""
    assert _fitter is not None, "a worker is started with its rows"
    return _fitter.fit(entry, fold, keep, repeat)


def rows_seen(style: str, n: int) -> int:
    """Of n rows to fit on, those that a candidate of this style is fitted on."""
    return min(n, MOST_PIECEWISE) if style == "piecewise" else n


def some_of(rows: np.ndarray, y: np.ndarray, most: int, random_state: int) -> np.ndarray:
    """So many of the rows, drawn; of a rare class always some, as without it there is nothing to tell apart."""
    drawn = np.random.default_rng(random_state).permutation(rows)
    chosen = [drawn[:most]]
    if y.dtype.kind in "iu":
        chosen += [drawn[y[drawn] == code][:10] for code in np.unique(y[rows])]
    return np.unique(np.concatenate(chosen))


class Fitter:
    """What a worker does with its rows."""

    def __init__(self, data: TrainingData) -> None:
        self.data = data
        self.matrices: dict[tuple[str, bool, int, int], Encoded] = {}
        self.many = len(data.y) >= MANY

    def fit(self, entry: Entry, fold: int, keep: bool, repeat: int = 0) -> Fit | str:
        start = time.monotonic()
        data, family = self.data, self.data.families[entry.candidate]
        encoded = self.encoded(family.style, family.sparse and self.many, fold, repeat)
        y = data.y[encoded.fit_on]
        estimator = build(family, entry.candidate, y, entry.hyper, data.random_state + repeat, entry.log)
        if data.weight is not None and not _takes_weights(estimator):
            return "its fit takes no sample_weight"
        stopping = bool(family.rounds) and fold != ALL_ROWS
        estimator.fit(encoded.x, y, **self.beside(encoded, stopping))
        is_last = fold == len(data.folds) - 1 and not repeat
        size = len(zlib.compress(pickle.dumps(estimator), 1)) if is_last else 0
        stages = self.stages(estimator, encoded, stopping)
        if keep and stopping:
            _trim(estimator, min(stages, key=lambda rounds: self.loss(stages[rounds], encoded.held)))
        fitted = (encoded.encoder, estimator) if keep else None
        return Fit(time.monotonic() - start, stages, size, fitted)

    def encoded(self, style: str, compact: bool, fold: int, repeat: int) -> Encoded:
        if fold == ALL_ROWS:
            repeat = 0  # of all rows there is one encoder a style, so that a row to answer is encoded once
        key = (style, compact, fold, repeat)
        if key not in self.matrices:
            while len(self.matrices) >= (1 if self.many else MATRICES):
                self.matrices.pop(next(iter(self.matrices)))
            self.give_back()
            data = self.data
            everything = np.arange(len(data.y))
            fit_on, held = (everything, everything[:0]) if fold == ALL_ROWS else data.folds_of(repeat)[fold]
            if (most := rows_seen(style, len(fit_on))) < len(fit_on):
                fit_on = some_of(fit_on, data.y, most, data.random_state)
            rows, y = data.some_rows(fit_on), data.y[fit_on]
            encoder = TableEncoder(data.kinds, style, data.random_state).fit(rows, y)
            x = encoder.compact(rows, y) if compact else encoder.fitted(rows, y)
            self.matrices[key] = Encoded(encoder, compact, x, fit_on, held)
            self.give_back()
        return self.matrices[key]

    def x_held(self, encoded: Encoded) -> Any:
        """The held rows' matrix; it is made when it is first asked for."""
        if encoded.x_held is None:
            encoded.x_held = self.matrix(encoded, self.data.some_rows(encoded.held))
            self.give_back()
        return encoded.x_held

    def matrix(self, encoded: Encoded, rows: SomeRows) -> Any:
        encoder = encoded.encoder
        return encoder.compact(rows) if encoded.compact else encoder.transform(rows)

    def give_back(self) -> None:
        """What encoding took for a while, before the next step takes its own."""
        if self.many:
            give_back()

    def beside(self, encoded: Encoded, stopping: bool) -> dict[str, Any]:
        """What `fit` takes beside rows and target: weights, and the held rows where it stops early."""
        data, held = self.data, encoded.held
        more = {}
        if data.weight is not None:
            more["sample_weight"] = data.weight[encoded.fit_on]
        if stopping:
            x_held = self.x_held(encoded)
            known = np.ones(len(held), dtype=bool)
            if data.classes:
                known = np.isin(data.y[held], data.y[encoded.fit_on])
            if not known.all():  # else it would be copied for nothing
                x_held, held = x_held[known], held[known]
            more |= {"X_val": x_held, "y_val": data.y[held]}
            if data.weight is not None:
                more["sample_weight_val"] = data.weight[held]
        return more

    def stages(self, estimator: Any, encoded: Encoded, stopping: bool) -> dict[int, np.ndarray]:
        """Predictions for the held rows by the rounds after which they are looked at."""
        if stopping:
            return self.staged(estimator, self.x_held(encoded))
        if not len(encoded.held):
            return {}
        if not self.many:
            return {0: self.predictions(estimator, self.x_held(encoded))}
        parts = self.data.some_rows(encoded.held).parts(BLOCK_ROWS)
        return {0: np.concatenate([self.predictions(estimator, self.matrix(encoded, part)) for part in parts])}

    def staged(self, estimator: Any, x: Any) -> dict[int, np.ndarray]:
        each: Iterable[np.ndarray]
        if self.data.classes:
            each = (self.spread(estimator, p) for p in estimator.staged_predict_proba(x))
        else:
            each = estimator.staged_predict(x)
        kept = {}
        checkpoints = FEW_CHECKPOINTS if self.many else CHECKPOINTS
        rounds, prediction = 0, np.empty(0)
        for rounds, prediction in enumerate(each, 1):
            if rounds in checkpoints:
                kept[rounds] = prediction
        return kept | {rounds: prediction}

    def predictions(self, estimator: Any, x: Any) -> np.ndarray:
        """Values (n,), or probabilities (n, k) in the contract's class order, also for classes the fold never showed."""
        if not self.data.classes:
            return np.asarray(estimator.predict(x), dtype=float)
        return self.spread(estimator, estimator.predict_proba(x))

    def spread(self, estimator: Any, p: np.ndarray) -> np.ndarray:
        out = np.zeros((len(p), len(self.data.classes)))
        out[:, estimator.classes_] = p
        return floor_probabilities(out, len(self.data.y))

    def loss(self, prediction: np.ndarray, positions: np.ndarray) -> float:
        value = self.data.score(positions, prediction)
        return -value if metric(self.data.metric).greater_is_better else value


def _trim(estimator: Any, rounds: int) -> None:
    """Forget the rounds past the best, which early stopping went on to see that it was the best."""
    inner = getattr(estimator, "estimator", estimator)
    if hasattr(inner, "stages_"):
        inner.layers_ = inner.stages_[rounds - 1]
    elif hasattr(inner, "_predictors"):
        inner._predictors = inner._predictors[:rounds]


def _takes_weights(estimator: Any) -> bool:
    return "sample_weight" in inspect.signature(getattr(estimator, "estimator", estimator).fit).parameters
