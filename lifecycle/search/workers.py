"""Cross-validation of many candidates on all cores: jobs in, out-of-fold answers back, and a clock that only stops.

A job is one fit, of one entry on one fold, in a worker process. What a job answers depends on nothing but the job,
so the order in which they end, and on how many cores, changes no result. Where the time budget ends first, what runs is
ended; entries with all folds done are kept, and the others are told to the user as left out.
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import is_better
from lifecycle.ground.words import short
from lifecycle.model.encode import TableEncoder
from lifecycle.search.budget import Entry
from lifecycle.search.crossval import Answered, Job, fit_one, start
from lifecycle.search.data import Task

# forking hands the rows over at no cost; macOS and Windows start workers anew and hand them a copy
FORK = sys.platform == "linux"


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

    def run(self, jobs: list[Job], left: Callable[[], float]) -> Iterator[tuple[Job, Answered | str]]:
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
        method = "fork" if FORK else "spawn"
        return ProcessPoolExecutor(self.n_jobs, multiprocessing.get_context(method), start, (self.task,))

    def _end(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


def _result(future: Any, entry: Entry) -> Answered | str:
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
    """`tried`: entries with all folds done, in their order; `left`: for which no time was left; `unfit`: with the reason."""

    tried: list[Tried]
    left: list[str]
    unfit: dict[str, str]


def try_all(task: Task, entries: list[Entry], workers: Workers, clock: Clock, keep: bool) -> Found:
    """All entries on all folds; the first one however long it takes. `keep`: what the folds fitted is kept."""
    from tqdm import tqdm

    jobs = [Job(entry, fold, keep) for entry in entries for fold in range(len(task.folds))]
    answered: dict[str, dict[int, Answered]] = {}
    tried: dict[str, Tried] = {}
    unfit: dict[str, str] = {}

    def left() -> float:
        # the fits on all rows are still to come: as long as the folds' mean, and a little more as they see more rows
        refits = 0 if keep else sum(t.seconds for t in tried.values()) / len(task.folds) * 1.3 / workers.n_jobs
        return clock.left(refits) if tried else np.inf

    with tqdm(total=len(jobs), desc="train", unit="fit", leave=False, disable=None) as progress:
        for job, answer in workers.run(jobs, left):
            name, fold = job.entry.name, job.fold or 0  # None is for a fit on all rows, and these are none
            if isinstance(answer, str):
                unfit[name] = answer
            else:
                folds = answered.setdefault(name, {})
                folds[fold] = answer
                if len(folds) == len(task.folds):
                    tried[name] = gather(job.entry, task, [folds[k] for k in range(len(folds))])
            best = best_of(list(tried.values()), task.metric)
            told = f"best {short(best.score)} ({best.entry.name}), " if best else ""
            progress.set_postfix_str(f"{name} fold {fold + 1}, {told}{max(clock.left(), 0):.0f} s left")
            progress.update()
    found = [tried[e.name] for e in entries if e.name in tried]
    return Found(found, [e.name for e in entries if e.name not in tried and e.name not in unfit], unfit)


def fit_members(members: list[Tried], workers: Workers) -> list[tuple[TableEncoder, Any]]:
    """(encoder, estimator) of each, fitted on all rows with the rounds that the folds found."""
    jobs = []
    for t in members:
        name = workers.task.families[t.entry.candidate].rounds
        rounds = {name: t.rounds, "early_stopping": False} if t.rounds else {}
        jobs.append(Job(replace(t.entry, hyper=t.entry.hyper | rounds), None, True))
    fitted = {}
    for job, answer in workers.run(jobs, lambda: np.inf):
        if isinstance(answer, str) or answer.fitted is None:
            raise UserError(
                f"{job.entry.name} was fitted on each fold, and cannot be on all rows ({answer}); "
                "take it out of train.candidates in params.yaml"
            )
        fitted[job.entry.name] = answer.fitted
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
    best: Tried | None = None
    for rounds in sorted({r for a in answered for r in a.stages}):
        parts = [a.stages[max((r for r in a.stages if r <= rounds), default=min(a.stages))] for a in answered]
        oof = np.concatenate(parts)
        value = task.score(task.scored, oof)
        if best is None or is_better(task.metric, value, best.score):
            scores = [task.score(held, part) for (_, held), part in zip(task.folds, parts, strict=True)]
            best = Tried(entry, oof, scores, value, sum(a.seconds for a in answered), int(rounds))
    assert best is not None  # each fold answered at least once
    outputs, n_folds = len(task.classes) if len(task.classes) > 2 else 1, len(task.folds)
    # fitted again, on all rows, it grows by the rows that the last fold held out
    growth = 1 if answered[0].fitted or n_folds == 1 else n_folds / (n_folds - 1)
    best.size_mb = answered[-1].size / 1e6 * growth
    best.latency_ms = task.families[entry.candidate].latency(entry.hyper, best.rounds, outputs)
    best.fitted = answered[0].fitted
    return best
