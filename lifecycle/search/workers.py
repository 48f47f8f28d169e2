"""Cross-validation of many candidates on all cores: jobs in, out-of-fold predictions back, and a clock that only stops.

A job is one fit, of one entry on one fold, in a worker process. What comes of a job depends on nothing but the job,
so the order in which they end, and on how many cores, changes no result. Where the time budget ends first, what runs is
ended; entries with all folds done are kept, and the others are told to the user as left out.
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import is_better, own_metrics
from lifecycle.ground.words import short
from lifecycle.model.encode import TableEncoder
from lifecycle.model.shape import shape_of
from lifecycle.search.budget import Entry
from lifecycle.search.crossval import ALL_ROWS, Fit, Job, fit_one, rows_seen, start
from lifecycle.search.data import TrainingData

# forking hands the rows over at no cost; macOS and Windows start workers anew and hand them a copy
FORK = sys.platform == "linux"
BAR = "{desc} {percentage:3.0f}% |{bar:6}| {elapsed} gone, {remaining} left{postfix}"  # within 80 columns
Fitted = tuple[TableEncoder, Any]  # with its estimator
Made = TypeVar("Made")


@dataclass
class Tried:
    """One entry on all folds: `oof` its predictions for rows it was not fitted on, in the order of TrainingData.scored, their
    mean where the folds were repeated, and `repeats` those of each; `fold_scores` of the first folds, then of their repeats;
    `ran`: the rounds after which folds stopped it, their mean, and `rounds` those that were best; `rows` that its last fit
    saw."""

    entry: Entry
    oof: np.ndarray
    fold_scores: list[float]
    score: float
    seconds: float
    rounds: int = 0
    ran: int = 0
    size_mb: float = 0.0
    latency_ms: float = 0.0
    rows: int = 0
    fitted: Fitted | None = None
    repeats: list[np.ndarray] = field(default_factory=list)


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
    """Processes that fit, ended with the `with` block; `run` gives each job's fit as it comes."""

    def __init__(self, data: TrainingData, n_jobs: int) -> None:
        self.data, self.n_jobs = data, n_jobs
        self.pool = self._new_pool()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: Any) -> None:
        self._end()

    def run(self, jobs: list[Job], left: Callable[[], float]) -> Iterator[tuple[Job, Fit | str]]:
        """(job, fit, or why there is none) as they come; once `left()` is not positive, what runs is ended and not given."""
        todo = iter(jobs)
        running: dict[Future[Fit | str], Job] = {}
        for job in itertools.islice(todo, self.n_jobs + 1):  # one waits, so that no process does
            running[self.pool.submit(fit_one, *job)] = job
        while running and left() > 0:
            for future in wait(running, timeout=min(left(), 1.0), return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                yield job, outcome(future, job.entry)
                for job in itertools.islice(todo, 1):
                    running[self.pool.submit(fit_one, *job)] = job
        if running:
            self._end()
            self.pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        method = "fork" if FORK else "spawn"
        return ProcessPoolExecutor(self.n_jobs, multiprocessing.get_context(method), start, (self.data, own_metrics()))

    def _end(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


def outcome(future: Future[Made], entry: Entry) -> Made:
    """What a process made, or a sentence on why it did not."""
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
            f"lifecycle/model/families.py: {entry.name} failed ({type(error).__name__}: {error}); "
            "mend it, or take it out of train.candidates in params.yaml"
        ) from error


class Found(NamedTuple):
    """`tried`: entries with all folds done, in their order; `left`: for which no time was left; `unfit`: with the reason;
    `fits`: of each of those tried, by fold, where the folds will be repeated."""

    tried: list[Tried]
    left: list[str]
    unfit: dict[str, str]
    fits: dict[str, list[Fit]]

    def without(self, names: list[str]) -> list[str]:
        """Those of these names that were not even tried."""
        seen = {one.entry.name for one in self.tried} | {*self.left, *self.unfit}
        return [name for name in names if name not in seen]


NOTHING = Found([], [], {}, {})


def try_all(
    data: TrainingData, entries: list[Entry], workers: Workers, clock: Clock, keep: bool, before: Found = NOTHING
) -> Found:
    """All entries on all folds, beside what was found `before`; the very first one however long it takes. `keep`: what the folds
    fitted is kept."""
    from tqdm import tqdm

    n_folds = len(data.folds)
    jobs = [Job(entry, fold, keep) for entry in entries for fold in range(n_folds)]
    repeated = bool(data.repeats)
    fits: dict[str, dict[int, Fit]] = {entry.name: {} for entry in entries}
    tried: dict[str, Tried] = {}
    unfit: dict[str, str] = {}

    def left() -> float:
        done = [*before.tried, *tried.values()]
        if not done:
            return np.inf
        # the fits on all rows are still to come: as long as the folds' mean, and a little more as they see more rows
        refits = 0 if keep else sum(t.seconds for t in done) / n_folds * 1.3 / workers.n_jobs
        return clock.left(refits)

    # by the work that was planned: a count of fits says "soon" where the long ones are still to come
    shape = shape_of(data.kinds, data.rows, len(data.classes))
    planned = {e.name: data.families[e.candidate].cost(shape, e.hyper) for e in entries}
    total = n_folds * sum(planned.values())
    with tqdm(
        total=total, desc="more" if before.tried else "train", leave=False, disable=None, bar_format=BAR
    ) as progress:
        for (entry, fold, *_), fit in workers.run(jobs, left):
            if isinstance(fit, str):
                unfit[entry.name] = fit
            else:
                fits[entry.name][fold] = fit
            if len(fits[entry.name]) == n_folds:
                tried[entry.name] = gather(entry, data, [in_order(fits[entry.name])])
                if not repeated:
                    fits[entry.name] = {}  # a prediction for each row and look at the rounds
            best = best_of([*before.tried, *tried.values()], data.metric)
            if best:
                progress.set_postfix_str(f"best {short(best.score)} ({best.entry.name})")
            progress.update(planned[entry.name])
    untried = [entry.name for entry in entries if entry.name not in tried and entry.name not in unfit]
    kept = {name: in_order(fits[name]) for name in tried if repeated}
    ended = [tried[entry.name] for entry in entries if entry.name in tried]
    return Found(before.tried + ended, before.left + untried, before.unfit | unfit, before.fits | kept)


def in_order(fits: dict[int, Fit]) -> list[Fit]:
    return [fits[fold] for fold in sorted(fits)]


def fit_members(members: list[Tried], workers: Workers, draws: int = 1) -> list[list[Fitted]]:
    """Each of them fitted on all rows, with the rounds that the folds found; as often as `draws` where it draws random numbers."""
    jobs = []
    for one in members:
        family, hyper = workers.data.families[one.entry.candidate], dict(one.entry.hyper)
        if one.rounds:
            hyper |= {family.rounds: one.rounds, "early_stopping": False}
        entry = replace(one.entry, hyper=hyper)
        jobs += [Job(entry, ALL_ROWS, True, draw) for draw in range(draws if family.draws else 1)]
    fitted: dict[str, dict[int, Fitted]] = {one.entry.name: {} for one in members}
    for job, fit in workers.run(jobs, lambda: np.inf):
        if isinstance(fit, str) or fit.fitted is None:
            raise UserError(
                f"{job.entry.name} was fitted on each fold, and cannot be on all rows ({fit}); "
                "take it out of train.candidates in params.yaml"
            )
        fitted[job.entry.name][job.repeat] = fit.fitted
    return [[by_draw[draw] for draw in sorted(by_draw)] for by_draw in fitted.values()]


def best_of(tried: list[Tried], name: str) -> Tried | None:
    """The best by the metric; the first of equals."""
    best = None
    for one in tried:
        if best is None or is_better(name, one.score, best.score):
            best = one
    return best


def gather(entry: Entry, data: TrainingData, repeats: list[list[Fit]]) -> Tried:
    """The folds' predictions as one, the mean of the repeats; of boosting, after the number of rounds that is best over all
    folds of all repeats together, among those that half of the folds came to."""
    best: Tried | None = None
    every = [fit for fits in repeats for fit in fits]
    fits, seconds = repeats[0], sum(fit.seconds for fit in every)
    for rounds in looks_of(every):
        parts = [[until(fit.stages, rounds) for fit in fits] for fits in repeats]
        each = [data.in_order(repeat, one) for repeat, one in enumerate(parts)]
        oof = np.mean(each, axis=0)
        value = data.score(data.scored, oof)
        if best is None or is_better(data.metric, value, best.score):
            best = Tried(entry, oof, _fold_scores(data, parts), value, seconds, int(rounds))
            best.repeats = each if len(each) > 1 else []
    assert best is not None  # each fold predicted at least once
    n_folds = len(data.folds)
    # fitted again, on all rows, it grows by the rows that the last fold held out
    growth = 1.0 if fits[0].fitted or n_folds == 1 else n_folds / (n_folds - 1)
    outputs = len(data.classes) if len(data.classes) > 2 else 1
    best.size_mb = fits[-1].size / 1e6 * growth
    best.latency_ms = data.families[entry.candidate].latency(entry.hyper, best.rounds, outputs)
    best.fitted = fits[0].fitted
    best.ran = int(np.mean([max(fit.stages) for fit in every]))
    rows = len(data.folds[0][0]) if best.fitted else len(data.y)
    best.rows = rows_seen(data.families[entry.candidate].style, rows)
    return best


def looks_of(fits: list[Fit]) -> list[int]:
    """After which rounds the fits are compared, 0 where there are none.

    A fold that was stopped early keeps its last predictions, and shows nothing of how bad it would become. So the more folds
    there are, the more rounds would seem best, up to those of the one fold that never stops, while the fit on all rows has
    nothing that stops it."""
    looks = sorted({int(rounds) for fit in fits for rounds in fit.stages})
    most = np.median([max(fit.stages) for fit in fits])
    return [rounds for rounds in looks if rounds <= most] or looks[:1]


def _fold_scores(data: TrainingData, parts: list[list[np.ndarray]]) -> list[float]:
    """Of the predictions by repeat and fold."""
    scores = []
    for repeat, predictions in enumerate(parts):
        folds = data.folds_of(repeat)
        scores += [data.score(held, part) for (_, held), part in zip(folds, predictions, strict=True)]
    return scores


def until(stages: dict[int, np.ndarray], rounds: int) -> np.ndarray:
    """The last stage up to so many rounds, else the first."""
    return stages[max((r for r in stages if r <= rounds), default=min(stages))]
