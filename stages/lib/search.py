"""Cross-validation of many candidates on all cores: jobs in, out-of-fold answers back, and a clock that only stops.

A job is one fit, of one entry on one fold, in a process of its own. What a job answers depends on nothing but the job,
so the order in which they end, and on how many cores, changes no result. Where the time budget ends first, what runs is
ended; entries with all folds done are kept, and the others are told to the user as left out.
"""

from __future__ import annotations

import inspect
import itertools
import multiprocessing
import pickle
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from stages.lib.candidates import CANDIDATES, TooFew, build
from stages.lib.encode import TableEncoder
from stages.lib.errors import UserError
from stages.lib.metrics import is_better, metric
from stages.lib.model import floor_probabilities
from stages.lib.plan import Entry

# rounds of boosting after which the answers are looked at: close enough, and few enough to choose among without overfitting
CHECKPOINTS = list(np.unique(np.round(1.2 ** np.arange(48)).astype(int)))


@dataclass
class Task:
    """The training rows as the candidates see them: `rows` feature arrays by name, `y` codes or floats, `weight` of
    each row, `folds` positions (fitted on, scored on)."""

    name: str
    classes: list[str]
    metric: str
    rows: dict[str, np.ndarray]
    kinds: dict[str, str]
    y: np.ndarray
    weight: np.ndarray | None
    folds: list[tuple[np.ndarray, np.ndarray]]
    seed: int

    @property
    def scored(self) -> np.ndarray:
        """Positions of the rows that some fold scores, in the order of the folds."""
        return np.concatenate([held for _, held in self.folds])

    def weights(self, positions: np.ndarray) -> np.ndarray | None:
        return None if self.weight is None else self.weight[positions]

    def score(self, positions: np.ndarray, answers: np.ndarray, name: str = "") -> float:
        return metric(name or self.metric).function(self.y[positions], answers, self.weights(positions))

    def naive(self, positions: np.ndarray) -> Any:
        """The answer of one who sees no feature: class frequencies (k,), or the mean."""
        y, weight = self.y[positions], self.weights(positions)
        if not self.classes:
            return float(np.average(y, weights=weight))
        counts = np.bincount(y, weight, minlength=len(self.classes))
        return floor_probabilities(counts[None, :] / counts.sum(), len(y))[0]


@dataclass
class Answered:
    """One fit: `stages` answers to the held rows by rounds of boosting (0: no rounds), `fitted` (encoder, estimator)."""

    seconds: float
    stages: dict[int, np.ndarray]
    size: int
    fitted: tuple[TableEncoder, Any] | None = None


@dataclass
class Tried:
    """One entry on all folds: `oof` its answers on rows it was not fitted on, in the order of Task.scored."""

    entry: Entry
    oof: np.ndarray
    fold_scores: list[float]
    score: float
    seconds: float
    rounds: int = 0
    size_mb: float = 0.0
    latency_ms: float = 0.0
    fitted: tuple[TableEncoder, Any] | None = None


# ---- one fit, in a worker --------------------------------------------------------------------------------------

_task: Task | None = None
_matrices: dict[tuple, tuple] = {}


def _start(task: Task) -> None:
    """In a new worker: the task, and no matrices yet."""
    global _task
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


class Job(NamedTuple):
    """`fold` None: fitted on all rows. `keep`: what was fitted comes back, too."""

    entry: Entry
    fold: int | None
    keep: bool


def fit_one(entry: Entry, fold: int | None, keep: bool) -> Answered | None:
    """Fit `entry` on a fold (None: on all rows), answer its held rows. None where it cannot be fitted on so few rows."""
    start = time.monotonic()
    candidate = CANDIDATES[entry.candidate]
    encoder, x, fit_on, x_held, held = _encoded(candidate.style, fold)
    y = _task.y[fit_on]
    try:
        estimator = build(entry.candidate, y, entry.hyper, _task.seed, entry.log)
    except TooFew:
        return None
    more = {} if _task.weight is None else {"sample_weight": _task.weight[fit_on]}
    if more and not _takes_weights(estimator):
        return None
    stopping = bool(candidate.rounds) and fold is not None
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


# ---- many fits ---------------------------------------------------------------------------------------------------


class Clock:
    """Seconds left of the budget. It ends what runs; what is tried at all was planned before it started."""

    def __init__(self, seconds: float) -> None:
        self.start, self.seconds = time.monotonic(), seconds

    def left(self, reserve: float = 0.0) -> float:
        return self.seconds - reserve - (time.monotonic() - self.start)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.start


class Workers:
    """Processes that fit, ended with the `with` block; `run` gives each job's answer as it comes."""

    def __init__(self, task: Task, n_jobs: int) -> None:
        self.task, self.n_jobs = task, n_jobs
        self.pool = self._new_pool()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: Any) -> None:
        self._end()

    def run(self, jobs: list[Job], left: Callable[[], float]) -> Iterator[tuple[Job, Answered | None]]:
        """(job, answer) as they come; once `left()` is not positive, what runs is ended and not answered."""
        todo, running = iter(jobs), {}
        for job in itertools.islice(todo, self.n_jobs + 1):  # one waits, so that no process does
            running[self.pool.submit(fit_one, *job)] = job
        while running and left() > 0:
            for future in wait(running, timeout=min(left(), 1.0), return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                yield job, _result(future, job.entry)
                for job in itertools.islice(todo, 1):
                    running[self.pool.submit(fit_one, *job)] = job
        if running:
            self._end()
            self.pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # forking hands the rows over at no cost; macOS and Windows start anew and are handed a copy
        method = "fork" if sys.platform == "linux" else "spawn"
        return ProcessPoolExecutor(self.n_jobs, multiprocessing.get_context(method), _start, (self.task,))

    def _end(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


def _result(future: Any, entry: Entry) -> Answered | None:
    try:
        return future.result()
    except UserError:
        raise
    except BrokenProcessPool as error:
        raise UserError(
            "the system ended a fit, most often for want of memory; close other programs, or train on fewer rows"
        ) from error
    except Exception as error:
        raise UserError(
            f"stages/lib/candidates.py: {entry.name} failed ({type(error).__name__}: {error}); "
            "mend it, or take it out of train.candidates in params.yaml"
        ) from error


def try_all(
    task: Task, entries: list[Entry], workers: Workers, clock: Clock, keep: bool
) -> tuple[list[Tried], list[str]]:
    """(entries tried on all folds, in their order; names for which no time was left). The first one is tried however
    long it takes. `keep`: what the folds fitted is kept."""
    from tqdm import tqdm

    jobs = [Job(entry, fold, keep) for entry in entries for fold in range(len(task.folds))]
    answered: dict[str, dict[int, Answered | None]] = {}
    tried: dict[str, Tried | None] = {}

    def left() -> float:
        # the fits on all rows are still to come: as long as the folds' mean, and a little more as they see more rows
        refits = 0 if keep else sum(t.seconds for t in tried.values() if t) / len(task.folds) * 1.3 / workers.n_jobs
        return clock.left(refits) if tried else np.inf

    with tqdm(total=len(jobs), desc="train", unit="fit", leave=False, disable=None) as progress:
        for job, answer in workers.run(jobs, left):
            done = answered.setdefault(job.entry.name, {})
            done[job.fold] = answer
            if len(done) == len(task.folds):
                folds = [done[k] for k in range(len(task.folds))]
                tried[job.entry.name] = gather(job.entry, task, folds) if all(folds) else None
            best = best_of([t for t in tried.values() if t], task.metric)
            told = f"best {best.score:.4g} ({best.entry.name}), " if best else ""
            progress.set_postfix_str(f"{job.entry.name} fold {job.fold + 1}, {told}{max(clock.left(), 0):.0f} s left")
            progress.update()
    found = [tried[e.name] for e in entries if tried.get(e.name)]
    return found, [e.name for e in entries if e.name not in tried]


def fit_members(members: list[Tried], workers: Workers) -> list[tuple[TableEncoder, Any]]:
    """(encoder, estimator) of each, fitted on all rows with the rounds that the folds found."""
    jobs = []
    for t in members:
        rounds = {"max_iter": t.rounds, "early_stopping": False} if t.rounds else {}
        jobs.append(Job(replace(t.entry, hyper=t.entry.hyper | rounds), None, True))
    fitted = {job.entry.name: answer.fitted for job, answer in workers.run(jobs, lambda: np.inf)}
    return [fitted[t.entry.name] for t in members]


def best_of(tried: list[Tried], name: str) -> Tried | None:
    """The best by the metric; the first of equals."""
    best = None
    for one in tried:
        if best is None or is_better(name, one.score, best.score):
            best = one
    return best


def gather(entry: Entry, task: Task, answered: list[Answered]) -> Tried:
    """The folds' answers as one; of boosting, after the number of rounds that is best over all folds together."""
    best = None
    for rounds in sorted({r for a in answered for r in a.stages}):
        parts = [a.stages[max((r for r in a.stages if r <= rounds), default=min(a.stages))] for a in answered]
        oof = np.concatenate(parts)
        value = task.score(task.scored, oof)
        if best is None or is_better(task.metric, value, best.score):
            scores = [task.score(held, part) for (_, held), part in zip(task.folds, parts, strict=True)]
            best = Tried(entry, oof, scores, value, sum(a.seconds for a in answered), int(rounds))
    outputs = len(task.classes) if len(task.classes) > 2 else 1
    best.size_mb = (
        answered[-1].size
        / 1e6
        * (1 if answered[0].fitted or len(task.folds) == 1 else len(task.folds) / (len(task.folds) - 1))
    )
    best.latency_ms = CANDIDATES[entry.candidate].latency(entry.hyper, best.rounds, outputs)
    best.fitted = answered[0].fitted
    return best
