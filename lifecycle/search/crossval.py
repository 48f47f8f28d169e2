"""One fit of one candidate on one fold, in a worker process: rows of the fold encoded, fitted, held rows answered."""

from __future__ import annotations

import inspect
import pickle
import signal
import time
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.metrics import metric
from lifecycle.model.encode import TableEncoder
from lifecycle.model.families import build
from lifecycle.model.model import floor_probabilities
from lifecycle.search.budget import Entry
from lifecycle.search.data import Task

# rounds of boosting after which the answers are looked at: close enough, and few enough to choose among without overfitting
CHECKPOINTS = list(np.unique(np.round(1.2 ** np.arange(48)).astype(int)))


class Job(NamedTuple):
    """`fold` None: fitted on all rows. `keep`: what was fitted comes back, too."""

    entry: Entry
    fold: int | None
    keep: bool


@dataclass
class Answered:
    """One fit: `stages` answers to the held rows by rounds of boosting (0: no rounds), `fitted` (encoder, estimator)."""

    seconds: float
    stages: dict[int, np.ndarray]
    size: int
    fitted: tuple[TableEncoder, Any] | None = None


_task: Task  # of this worker; `start` sets it
_matrices: dict[tuple, tuple] = {}


def start(task: Task) -> None:
    """In a new worker: the task, and no matrices yet. Ctrl-C is for the parent, which ends its workers."""
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _task = task
    _matrices.clear()


def _encoded(style: str, fold: int | None) -> tuple[TableEncoder, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(encoder, x, positions fitted on, x held, positions held); the encoder is fitted on that fold's rows alone."""
    if (style, fold) not in _matrices:
        everything = np.arange(len(_task.y))
        fit_on, held = _task.folds[fold] if fold is not None else (everything, everything[:0])
        encoder = TableEncoder(_task.kinds, style, _task.seed)
        x = encoder.fit_transform({c: v[fit_on] for c, v in _task.rows.items()}, _task.y[fit_on])
        x_held = encoder.transform({c: v[held] for c, v in _task.rows.items()})
        while len(_matrices) > 3:
            _matrices.pop(next(iter(_matrices)))
        _matrices[style, fold] = (encoder, x, fit_on, x_held, held)
    return _matrices[style, fold]


def fit_one(entry: Entry, fold: int | None, keep: bool) -> Answered | str:
    """Fit `entry` on a fold (None: on all rows) and answer its held rows; a text says why it cannot be fitted."""
    start = time.monotonic()
    family = _task.families[entry.candidate]
    encoder, x, fit_on, x_held, held = _encoded(family.style, fold)
    y = _task.y[fit_on]
    estimator = build(family, entry.candidate, y, entry.hyper, _task.seed, entry.log)
    more = {} if _task.weight is None else {"sample_weight": _task.weight[fit_on]}
    if more and not _takes_weights(estimator):
        return "its fit takes no sample_weight"
    stopping = bool(family.rounds) and fold is not None
    if stopping:
        known = np.flatnonzero(np.isin(_task.y[held], y)) if _task.classes else np.arange(len(held))
        more |= {"X_val": x_held[known], "y_val": _task.y[held][known]}
        if _task.weight is not None:
            more["sample_weight_val"] = _task.weight[held][known]
    estimator.fit(x, y, **more)
    size = len(zlib.compress(pickle.dumps(estimator), 1)) if fold == len(_task.folds) - 1 else 0
    stages = _stages(estimator, x_held) if stopping else {0: _answers(estimator, x_held)} if len(held) else {}
    if keep and stopping:
        _trim(estimator, min(stages, key=lambda r: _loss(stages[r], held)))
    return Answered(time.monotonic() - start, stages, size, (encoder, estimator) if keep else None)


def _loss(answers: np.ndarray, positions: np.ndarray) -> float:
    value = _task.score(positions, answers)
    return -value if metric(_task.metric).greater_is_better else value


def _trim(estimator: Any, rounds: int) -> None:
    """Forget the rounds past the best, which early stopping went on to see that it was the best."""
    inner = getattr(estimator, "estimator", estimator)
    if hasattr(inner, "stages_"):
        inner.layers_ = inner.stages_[rounds - 1]
    elif hasattr(inner, "_predictors"):
        inner._predictors = inner._predictors[:rounds]


def _takes_weights(estimator: Any) -> bool:
    return "sample_weight" in inspect.signature(getattr(estimator, "estimator", estimator).fit).parameters


def _answers(estimator: Any, x: np.ndarray) -> np.ndarray:
    """Values (n,), or probabilities (n, k) in the contract's class order, also for classes the fold never showed."""
    if not _task.classes:
        return np.asarray(estimator.predict(x), dtype=float)
    return _spread(estimator, estimator.predict_proba(x))


def _spread(estimator: Any, p: np.ndarray) -> np.ndarray:
    out = np.zeros((len(p), len(_task.classes)))
    out[:, estimator.classes_] = p
    return floor_probabilities(out, len(_task.y))


def _stages(estimator: Any, x: np.ndarray) -> dict[int, np.ndarray]:
    if _task.classes:
        staged = (_spread(estimator, p) for p in estimator.staged_predict_proba(x))
    else:
        staged = estimator.staged_predict(x)
    kept, last = {}, 0
    for last, answers in enumerate(staged, 1):
        if last in CHECKPOINTS:
            kept[last] = answers
    return kept | {last: answers}
