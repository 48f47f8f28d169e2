"""Repeated cross-validation: the same rows in other folds, fitted with other random numbers.

On a few hundred rows one draw of folds and of random numbers decides several percent of the error: how many rounds boosting
gets, which candidates have a weight, how it is calibrated. Where the plan has room (lifecycle.search.budget), all that is
decided on the mean of several draws. How many follows from the table's size and from the predictions, never from the clock.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from lifecycle.search.budget import MANY_DRAWS, Entry
from lifecycle.search.crossval import Fit, Job
from lifecycle.search.data import Folds, TrainingData
from lifecycle.search.workers import BAR, Clock, Found, Tried, Workers, gather, in_order, until
from lifecycle.table.contract import Contract
from lifecycle.table.folds import make_folds

ENOUGH = 0.001  # of the loss: where further repeats are expected to gain less in all, they are not worth their time


def make_repeats(frame: pd.DataFrame, data: TrainingData, contract: Contract, scheme: str, repeats: int) -> list[Folds]:
    """`repeats` - 1 further partings of the rows into as many folds as data.folds. None where rows are parted by time: that
    can be done in one way only."""
    if scheme == "time":
        return []
    rows = np.sort(data.scored)
    made: list[Folds] = []
    for repeat in range(1, repeats):
        folds = make_folds(frame, data.y, contract, scheme, len(data.folds), data.random_state + repeat)
        held = np.sort(np.concatenate([held for _, held in folds]))
        if np.array_equal(held, rows):
            made.append(folds)
    return made


def repeat_all(
    data: TrainingData,
    found: Found,
    workers: Workers,
    clock: Clock,
    weigh: Callable[[list[Tried]], np.ndarray],
    loss: Callable[[np.ndarray], float],
) -> Found:
    """Those tried on all the other partings too, until a further one would gain next to nothing. A repeat that the clock stops
    counts for none of them, and is named. data.repeats are those done. `weigh`: weights of a blend; `loss` of a prediction."""
    entries = [one.entry for one in found.tried]
    fits = {name: [kept] for name, kept in found.fits.items()}
    tried, stopped = found.tried, []
    # the fits on all rows are still to come
    refits = MANY_DRAWS * sum(one.seconds for one in found.tried) / len(data.folds) * 1.3 / workers.n_jobs
    for repeat in range(1, len(data.repeats) + 1):
        more = run_repeat(data, entries, repeat, workers, lambda: clock.left(refits))
        if len(more) < len(entries):
            stopped = [f"repeat {repeat + 1} of the folds"]
            break
        for name, one in more.items():
            fits[name].append(one)
        tried = [gather(entry, data, fits[entry.name]) for entry in entries]
        if still_to_gain(data, tried, fits, weigh(tried), loss) < ENOUGH:
            break
    done = min(len(one) for one in fits.values())
    data.repeats = data.repeats[: done - 1]
    return found._replace(tried=tried, left=found.left + stopped, fits={})


def run_repeat(
    data: TrainingData, entries: list[Entry], repeat: int, workers: Workers, left: Callable[[], float]
) -> dict[str, list[Fit]]:
    """The fits by entry, of those that were fitted on all folds of this repeat before no time was `left`."""
    from tqdm import tqdm

    n_folds = len(data.folds_of(repeat))
    jobs = [Job(entry, fold, False, repeat) for entry in entries for fold in range(n_folds)]
    fits: dict[str, dict[int, Fit]] = {entry.name: {} for entry in entries}
    label = f"repeat {repeat + 1}"
    with tqdm(total=len(jobs), desc=label, leave=False, disable=None, bar_format=BAR) as progress:
        for job, fit in workers.run(jobs, left):
            if not isinstance(fit, str):
                fits[job.entry.name][job.fold] = fit
            progress.update()
    return {name: in_order(by_fold) for name, by_fold in fits.items() if len(by_fold) == n_folds}


def still_to_gain(
    data: TrainingData,
    tried: list[Tried],
    fits: dict[str, list[list[Fit]]],
    weights: np.ndarray,
    loss: Callable[[np.ndarray], float],
) -> float:
    """The share of the loss that ever more repeats would take away.

    The mean of r draws has the loss L + c / r: c follows from what r draws gained over one, and c / r is left to gain."""
    n_repeats = len(next(iter(fits.values())))
    alone = []
    for repeat in range(n_repeats):
        blend = sum(
            weight * data.in_order(repeat, [until(fit.stages, one.rounds) for fit in fits[one.entry.name][repeat]])
            for one, weight in zip(tried, weights, strict=True)
            if weight
        )
        alone.append(loss(np.asarray(blend)))
    together = loss(np.asarray(sum(weight * one.oof for one, weight in zip(tried, weights, strict=True))))
    gained = float(np.mean(alone)) - together
    return gained / (n_repeats - 1) / max(abs(together), 1e-12)
