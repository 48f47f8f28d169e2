"""What of the dates is used: their parts alone, or the time of year and the time that has passed too; the time between two of
them.

Time that has passed tells a growing business from a small one where rows are parted at random, and misleads where a model of it
must go on into a future that it has not seen. So the folds decide, parted as the search parts them: two quick candidates are
fitted with each way of reading all date columns, and a richer one is taken where it predicts better. On few enough rows that it
takes a small part of the budget, counted and never clocked.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import default_metric
from lifecycle.ground.params import TrainParams
from lifecycle.model.encode import BETWEEN, DATES, together
from lifecycle.model.families import FAMILIES
from lifecycle.model.shape import Shape, shape_of
from lifecycle.search.budget import Entry, work
from lifecycle.search.crossval import Fitter, worker_data
from lifecycle.search.data import TrainingData
from lifecycle.search.sure import all_classes
from lifecycle.search.workers import Workers, gather, outcome
from lifecycle.table.contract import Contract
from lifecycle.table.folds import make_folds

SHARE = 0.1  # of the budget
LEAST, MOST = 60, 10_000  # rows that it is decided on: a sample of the table where it has more
FOLDS = 3
STEP = 0.8  # from one number of rows that is tried to the next
# of the loss: for less the plainer way is taken; on few rows more, this many rows' worth
GAIN, FEW_GAIN = 0.003, 5
MOST_DATES = 3  # between which the time is looked at
# a few large steps, all of them taken: what is compared is the columns
BOOSTING = {
    "learning_rate": 0.2,
    "max_iter": 40,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "max_features": 0.5,
    "early_stopping": False,  # else scikit-learn parts the rows once more, and fails on a class of few
}
QUICK = [Entry("boosting", "boosting", BOOSTING), Entry("additive", "additive", {"C": 0.3, "alpha": 3.0})]
QUICK_FAMILIES = FAMILIES | {"boosting": FAMILIES["boosting"]._replace(rounds="")}


def useful_dates(
    frame: pd.DataFrame, data: TrainingData, contract: Contract, params: TrainParams, scheme: str
) -> dict[str, str]:
    """data.kinds, those of its date columns as the folds predict best. `scheme`: how the folds are parted."""
    ways = ways_of(data.kinds, scheme)
    rows = rows_for(data, ways, params)
    if len(ways) == 1 or rows < LEAST:
        return data.kinds
    some = np.sort(np.random.default_rng(data.random_state).permutation(len(data.y))[:rows])
    part = data.part(some)
    part.families = QUICK_FAMILIES
    part.metric = default_metric(data.task)
    part.folds = make_folds(frame.iloc[some], part.y, contract, scheme, FOLDS, data.random_state)
    if len(part.folds) < FOLDS or not all_classes(part, part.folds):
        return data.kinds
    best, loss = best_way(ways, losses_of(part, ways, params.n_jobs), rows)
    for key, kind in spans(best):
        more = best | {key: kind}
        best, loss = best_way([best, more], [loss, *losses_of(part, [more], params.n_jobs)], rows)
    return best


def spans(kinds: dict[str, str]) -> list[tuple[str, str]]:
    """The time from each date to each later one in the order of the columns, of the first few."""
    dates = [column for column, kind in kinds.items() if kind in DATES][:MOST_DATES]
    return [(together(one, other), BETWEEN) for one, other in combinations(dates, 2)]


def ways_of(kinds: dict[str, str], scheme: str) -> list[dict[str, str]]:
    """`kinds` as they are, and then those that its date columns can have beside, the plainer first; no two alike."""
    # parted at random the folds say nothing of what comes after the newest row, and all rows know how much time had passed
    times = ("time of year", "time to come") if scheme == "time" else ("time passed",)
    ways = [kinds]
    for time in times:
        richer = {"time": time, "date": times[-1]}
        made = {column: richer.get(kind, kind) for column, kind in kinds.items()}
        if made not in ways:
            ways.append(made)
    return ways


def rows_for(data: TrainingData, ways: list[dict[str, str]], params: TrainParams) -> int:
    """How many rows SHARE of the budget is enough for."""
    shape = shape_of(ways[-1], data.rows, len(data.classes))
    rows = min(len(data.y), MOST)
    while rows >= LEAST:
        seconds = sum(work(entry, shape._replace(rows=rows), FOLDS, cost_of, False) for entry in QUICK)
        if (len(ways) + 1) * seconds <= SHARE * params.time_budget * params.n_jobs:
            break
        rows = int(rows * STEP)
    return rows


def cost_of(entry: Entry, shape: Shape) -> float:
    return FAMILIES[entry.candidate].cost(shape, entry.hyper)


def losses_of(part: TrainingData, ways: list[dict[str, str]], n_jobs: int) -> list[float]:
    """Of each way, the loss out of fold of the better one of the quick candidates."""
    tasks = [(kinds, entry) for kinds in ways for entry in QUICK]
    with Workers(part, n_jobs) as workers:
        futures = [(entry, workers.pool.submit(loss_with, kinds, entry)) for kinds, entry in tasks]
        losses = [outcome(future, entry) for entry, future in futures]
    by_way = np.reshape(losses, (len(ways), len(QUICK)))
    return by_way.min(axis=1).tolist()


def loss_with(kinds: dict[str, str], entry: Entry) -> float:
    """In a worker: of that entry, with the columns of those kinds."""
    data = replace(worker_data(), kinds=kinds)
    fitter = Fitter(data)
    fits = []
    for fold in range(len(data.folds)):
        fit = fitter.fit(entry, fold, False)
        assert not isinstance(fit, str), "both take weights"
        fits.append(fit)
    return gather(entry, data, [fits]).score


def best_way(ways: list[dict[str, str]], losses: list[float], rows: int) -> tuple[dict[str, str], float]:
    """The first, with its loss; a later one where its loss is less by more than the folds' noise."""
    least = max(GAIN, FEW_GAIN / rows)
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best] * (1 - least):
            best = i
    return ways[best], losses[best]


def date_kinds(kinds: dict[str, str]) -> dict[str, str]:
    """What was chosen, by column or two, for candidate.json."""
    found = {column: kind for column, kind in kinds.items() if kind in DATES}
    for key, kind in kinds.items():
        if kind == BETWEEN:
            found[" and ".join(json.loads(key))] = kind
    return found
