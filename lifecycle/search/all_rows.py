"""After a search on a sample: the boosting of the blend, fitted on all rows, and what that gained on rows that nobody saw.

The encoder and the bins are those of the sample; rows are read, encoded and binned a row group at a time, so that memory holds a
byte a cell. Of the rows set aside for measuring, one half stops the rounds and weighs the members, the other says what it is
worth, and is what calibration, threshold and intervals are found on. Where all rows gain nothing, the blend of the sample stays.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import is_better
from lifecycle.ground.params import TrainParams
from lifecycle.ground.progress import shown
from lifecycle.model.encode import TableEncoder
from lifecycle.model.families import build
from lifecycle.model.model import ROWS_AT_ONCE, AddFeatures
from lifecycle.model.shape import shape_of
from lifecycle.search.bins import NO_CHANGE, bins_of, boosted, fit_on_bins
from lifecycle.search.budget import MARGIN, Entry, shrunk
from lifecycle.search.choose import Blend, choose_weights
from lifecycle.search.crossval import Fitter, alone
from lifecycle.search.data import TrainingData, prepare
from lifecycle.search.sample import GB, PROCESS, SEARCH, START, Sample, rows_of
from lifecycle.search.workers import FORK, Fitted, Found, Tried
from lifecycle.table.contract import Contract

SUFFIX = " all rows"  # of a member's name, in the leaderboard
MORE_ROUNDS = 1.5  # than the sample asked for: more rows bear more rounds
LEAST_EFFORT = 0.15  # of the rounds: for less it is not fitted
JUDGED_FOLDS = 5  # parts of the judged rows, over which a score's spread is taken
READ = 1e-7  # core seconds a cell, to read, encode and bin
A_ROW = 90  # bytes a row while trees grow: gradients, hessians, predictions, positions


@dataclass
class OnAllRows:
    """What came of all rows: the blend, the rows it is judged on, its predictions for them, and `facts` for candidate.json."""

    blend: Blend
    judged: TrainingData
    prediction: np.ndarray
    facts: dict[str, Any]


class Binned(NamedTuple):
    """Rows as bins, uint8 (n, columns); `y`, `weight`: theirs."""

    bins: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None


def with_all_rows(
    sample: Sample,
    data: TrainingData,
    blend: Blend,
    contract: Contract,
    params: TrainParams,
    add_features: AddFeatures | None,
) -> OnAllRows:
    """The blend with its boosting fitted on all rows. `data`: the sample's rows; `blend`: what the search found on them."""
    judged = prepare(sample.frame(sample.judged), contract, params, add_features, data.families)
    half = np.random.default_rng(params.random_state).permutation(len(judged.y)) % 2 == 0
    stops, judged = part_of(judged, half), part_of(judged, ~half)
    source = TrainingRows(sample, contract, params, add_features, data)
    larger = fit_larger(source, data, blend, stops, params)
    tried = [*blend.members, *larger]
    fitted = [*blend.fitted, *(one.fitted for one in larger if one.fitted is not None)]
    before = mixed(predictions(data, fitted[: len(blend.members)], judged), blend.shares)
    facts: dict[str, Any] = {
        "rows": sample.rows,
        "searched": len(data.y),
        "judged": len(judged.y),
        "why": sample.why,
        "boosting": [one.entry.name for one in by_weight(blend)],
        "searched_score": round(judged.score(judged.scored, before), 6),
    }
    weights = np.append(blend.shares, np.zeros(len(larger)))
    if larger:
        facts["fitted"] = {one.entry.name: one.rows for one in larger}
        stopped = predictions(data, fitted, stops)
        weighed = [replace(one, oof=p, repeats=[]) for one, p in zip(tried, stopped, strict=True)]
        weights = choose_weights(weighed, stops, params)
    each = predictions(data, fitted, judged)
    after = mixed(each, weights)
    score = judged.score(judged.scored, after)
    facts["score"] = round(score, 6)
    for one, p in zip(larger, each[len(blend.members) :], strict=True):
        one.score, one.oof = judged.score(judged.scored, p), p
        one.fold_scores = [judged.score(held, p[held]) for _, held in judged.folds]
    if not is_better(judged.metric, score, judged.score(judged.scored, before)):
        weights, after = np.append(blend.shares, np.zeros(len(larger))), before
        facts["score"] = facts["searched_score"]
    return OnAllRows(joined(blend, larger, weights, fitted), judged, after, facts)


def joined(blend: Blend, larger: list[Tried], weights: np.ndarray, fitted: list[Fitted]) -> Blend:
    """`blend` with these weights of its members and of the `larger` ones."""
    every = np.zeros(len(blend.found.tried) + len(larger))
    every[np.flatnonzero(blend.weights > 0)] = weights[: len(blend.members)]
    every[len(blend.found.tried) :] = weights[len(blend.members) :]
    found = Found([*blend.found.tried, *larger], blend.found.left, blend.found.unfit, {})
    kept = np.flatnonzero(weights > 0)
    members = [*blend.members, *larger]
    return Blend(found, every, [members[i] for i in kept], [fitted[i] for i in kept])


def part_of(data: TrainingData, mask: np.ndarray) -> TrainingData:
    """Some of its rows, in folds that only score."""
    positions = np.flatnonzero(mask)
    none = np.zeros(0, dtype=int)
    folds = [(none, held) for held in np.array_split(np.arange(len(positions)), JUDGED_FOLDS)]
    part = data.part(positions)
    part.folds = folds
    return part


def predictions(data: TrainingData, fitted: list[Fitted], judged: TrainingData) -> list[np.ndarray]:
    """Of each member for these rows; members of one encoder share its matrix, of which one part is held at a time, as large as the
    model's own: a network rounds the last bit otherwise in parts of another size."""
    fitter = Fitter(data)
    found: dict[int, np.ndarray] = {}
    for encoder in {id(e): e for e, _ in fitted}.values():
        ours = {i: estimator for i, (own, estimator) in enumerate(fitted) if own is encoder}
        parts: dict[int, list[np.ndarray]] = {i: [] for i in ours}
        for start in range(0, len(judged.y), ROWS_AT_ONCE):
            x = encoder.transform(judged.some_rows(np.arange(start, min(start + ROWS_AT_ONCE, len(judged.y)))))
            for i, estimator in ours.items():
                parts[i].append(fitter.predictions(estimator, x))
        found |= {i: np.concatenate(part) for i, part in parts.items()}
    return [found[i] for i in range(len(fitted))]


def mixed(each: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    parts = [weight * p for weight, p in zip(weights, each, strict=True) if weight > 0]
    return np.sum(parts, axis=0)


# ---- what is fitted ---------------------------------------------------------------------------------------------


def fit_larger(
    source: TrainingRows, data: TrainingData, blend: Blend, stops: TrainingData, params: TrainParams
) -> list[Tried]:
    """The blend's boosting on all rows, the one of the largest weight first, as long as the planned time is enough. The clock
    has no say: it would leave a slower machine with another model."""
    planned = list(plan_larger(source, data, blend, params))
    if not planned:
        return []
    encoder, mapper = first_bins(data, blend, planned[0][0])
    binned = source.binned(encoder, mapper)
    x_stop = np.ascontiguousarray(bins_of(mapper, encoder.transform(stops.rows)))
    job = Larger(data, mapper, binned, Binned(x_stop, stops.y, stops.weight))
    larger = []
    for (one, entry), (estimator, seconds) in zip(planned, fit_each(job, [e for _, e in planned], params), strict=True):
        family = data.families[entry.candidate]
        rounds = len(boosted(estimator)._predictors)
        outputs = len(data.classes) if len(data.classes) > 2 else 1
        made = Tried(replace(entry, name=f"{one.entry.name}{SUFFIX}"), one.oof, [], one.score, seconds)
        made.rounds, made.rows = rounds, len(binned.y)
        made.size_mb = one.size_mb * rounds / max(one.rounds, 1)
        made.latency_ms = family.latency(entry.hyper, rounds, outputs)
        made.fitted = (encoder, estimator)
        larger.append(made)
    return larger


class Larger(NamedTuple):
    """What each process is given that fits on all rows."""

    data: TrainingData
    mapper: Any
    binned: Binned
    stops: Binned


_larger: Larger | None = None


def start_larger(job: Larger) -> None:
    """In a new process."""
    global _larger
    alone()
    _larger = job


def fit_each(job: Larger, entries: list[Entry], params: TrainParams) -> list[tuple[Any, float]]:
    """(estimator, seconds) of each entry, in a process each: the bins are theirs together where processes are forked."""
    method = multiprocessing.get_context("fork" if FORK else "spawn")
    with ProcessPoolExecutor(min(params.n_jobs, len(entries)), method, start_larger, (job,)) as pool:
        try:
            return list(pool.map(fit_all_rows, entries))
        except BrokenProcessPool as error:
            raise UserError(
                "the system ended a fit on all rows, most often for want of memory; lower train.max_memory_gb in params.yaml"
            ) from error


def fit_all_rows(entry: Entry) -> tuple[Any, float]:
    assert _larger is not None, "a process is started with its rows"
    data, mapper, binned, stops = _larger
    start = time.monotonic()
    estimator = build(
        data.families[entry.candidate], entry.candidate, binned.y, entry.hyper, data.random_state, entry.log
    )
    more: dict[str, Any] = {"X_val": stops.bins, "y_val": stops.y}
    if binned.weight is not None:
        more |= {"sample_weight": binned.weight, "sample_weight_val": stops.weight}
    return fit_on_bins(estimator, mapper, binned.bins, binned.y, **more), time.monotonic() - start


def plan_larger(
    source: TrainingRows, data: TrainingData, blend: Blend, params: TrainParams
) -> Iterator[tuple[Tried, Entry]]:
    """(member, the entry that is fitted on all rows), one for each core at most: with as many rounds as a core is planned to have
    time for in the rest of the budget."""
    shape = shape_of(data.kinds, data.rows, len(data.classes))._replace(rows=source.n)
    left = (1 - SEARCH) * MARGIN * params.time_budget - READ * source.n * shape.columns
    for one in by_weight(blend)[: params.n_jobs]:
        family = data.families[one.entry.candidate]
        wanted = int(np.ceil(one.rounds * MORE_ROUNDS))
        entry = replace(one.entry, hyper=one.entry.hyper | {family.rounds: wanted})
        effort = min(1.0, left / family.cost(shape, entry.hyper))
        if effort >= LEAST_EFFORT:
            entry = shrunk(entry, effort)
            stopping = {"early_stopping": True, "n_iter_no_change": NO_CHANGE, "tol": 0.0}
            yield one, replace(entry, hyper=entry.hyper | stopping)


def by_weight(blend: Blend) -> list[Tried]:
    """The members that are boosting, the largest weight first."""
    members = zip(blend.members, blend.shares, blend.fitted, strict=True)
    ours = [(one, share) for one, share, (_, estimator) in members if boosted(estimator) is not None]
    return [one for one, _ in sorted(ours, key=lambda pair: -pair[1])]


def first_bins(data: TrainingData, blend: Blend, member: Tried) -> tuple[TableEncoder, Any]:
    """Encoder and bins of that member as the sample's rows made them."""
    at = next(i for i, one in enumerate(blend.members) if one is member)
    encoder, estimator = blend.fitted[at]
    return encoder, boosted(estimator)._bin_mapper


class TrainingRows:
    """The training rows that nothing is measured on, in parts; as many of them as train.max_memory_gb has room for."""

    def __init__(
        self,
        sample: Sample,
        contract: Contract,
        params: TrainParams,
        add_features: AddFeatures | None,
        data: TrainingData,
    ) -> None:
        self.sample, self.contract, self.params = sample, contract, params
        self.add_features, self.data = add_features, data
        shape = shape_of(data.kinds, data.rows, len(data.classes))
        trees = 1 if shape.regression or shape.outputs == 2 else shape.outputs
        room = params.max_memory_gb * GB - START - params.n_jobs * PROCESS
        most = int(room / (2 * shape.columns + params.n_jobs * A_ROW * trees))
        rest = np.flatnonzero(sample.rest)[: max(most - len(data.y), 0)]
        self.rest = np.zeros(sample.rows, dtype=bool)
        self.rest[rest] = True

    @property
    def n(self) -> int:
        return len(self.data.y) + int(self.rest.sum())

    def binned(self, encoder: TableEncoder, mapper: Any) -> Binned:
        """All of them as bins: first those of the sample, whose target means come from others than themselves."""
        data = self.data
        first = bins_of(mapper, encoder.fitted(data.rows, data.y))
        bins = np.empty((self.n, first.shape[1]), dtype=np.uint8, order="F")
        y = np.empty(self.n, dtype=data.y.dtype)
        weight = None if data.weight is None else np.empty(self.n)
        at = len(first)
        bins[:at], y[:at] = first, data.y
        if weight is not None:
            weight[:at] = data.weight
        for frame, _ in shown(rows_of(self.rest), "train: all rows", unit="parts"):
            part = prepare(frame, self.contract, self.params, self.add_features, data.families)
            end = at + len(part.y)
            bins[at:end] = bins_of(mapper, encoder.transform(part.rows))
            y[at:end] = part.y
            if weight is not None:
                weight[at:end] = part.weight
            at = end
        return Binned(bins, y, weight)


# ---- what is told -----------------------------------------------------------------------------------------------


def tell_sample(facts: dict[str, Any], metric: str) -> str:
    """What the search saw, what all rows were worth, and on how many rows that is measured."""
    seen = f"{facts['searched']:,} of {facts['rows']:,} rows ({facts['why']})"
    before, after = facts["searched_score"], facts["score"]
    beside = f"{metric} {before:.4f} on {facts['judged']:,} rows kept aside"
    if "fitted" not in facts:
        why = "train.time_budget leaves it no time" if facts["boosting"] else "the blend has none"
        return f"the search saw {seen}; {beside}; no boosting was fitted on all rows: {why}"
    if before == after:
        return f"the search saw {seen}; {beside}; boosting on all rows gained nothing, the model is the sample's"
    names = ", ".join(f"{name} ({rows:,})" for name, rows in facts["fitted"].items())
    return f"the search saw {seen}: {beside}, {after:.4f} with {names}"
