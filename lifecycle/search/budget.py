"""What to try within the time budget, decided from the table's size before the clock starts.

So that two runs give the same model, the clock never decides what is tried. Each candidate's work is estimated in seconds
of one core of the machine where the rates in lifecycle.model.families were recorded; folds, rounds and candidates are cut
until the sum fits. The clock is only a stop, which is said aloud (see lifecycle.search.workers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from lifecycle.model.shape import Shape

MARGIN = 0.5  # share of the budget that is planned for; the rest is for slower machines and for what estimates miss


class Level(NamedTuple):
    """`rounds`: the share of boosting's rounds that a plan gives, by which its steps grow; `rest`: that of trees and epochs."""

    folds: int
    rounds: float
    rest: float


# from the best to the cheapest; one fold is one held part of the rows, which says enough only where there are many
LEVELS = [Level(5, 1.0, 1.0), Level(5, 0.5, 1.0), Level(5, 0.3, 0.6), Level(3, 0.3, 0.6), Level(3, 0.2, 0.4)]
CHEAP = {
    "few": [Level(3, 0.1, 0.2), Level(3, 0.05, 0.1)],
    "many": [Level(1, 0.2, 0.4), Level(1, 0.1, 0.2), Level(1, 0.05, 0.1)],
}
MANY = 20_000
BESIDE = 1e-5  # seconds a row, of many, that train takes beside its fits: to read, encode and bin rows, and to judge the model
FIRST = 5  # entries, in their order, that a level must have room for
MANY_DRAWS = (
    2  # fits of one member that a model is made of, at most: four were no better, and each takes its time to answer
)


@dataclass(frozen=True)
class Entry:
    """One line of the leaderboard: a candidate with its hyper-parameters; `log`: fitted on the target's logarithm."""

    name: str
    candidate: str
    hyper: dict[str, Any] = field(hash=False)
    log: bool = False


class Plan(NamedTuple):
    """`effort`: the share of their trees and epochs that the entries are given; `refit`: the members of the ensemble are fitted
    again on all rows; with one fold they are kept as they are. `repeats`: how often the rows are parted into folds, at most.
    `room`: core seconds that may be planned; `spare`: entries that are tried too where the others leave room after all."""

    entries: list[Entry]
    folds: int
    refit: bool
    seconds: float
    left: list[str]
    effort: float = 1.0
    repeats: int = 1
    room: float = 0.0
    spare: tuple[Entry, ...] = ()


def make_plan(
    entries: list[Entry],
    shape: Shape,
    folds: int,
    budget: float,
    cost: Callable[[Entry, Shape], float],
    refit: bool = False,
    repeats: int = 1,
) -> Plan:
    """The best level that has room for most entries within `budget` core seconds; at the cheapest, for those it has. What room
    the best level leaves, repeats of it fill."""
    for level in LEVELS + CHEAP["many" if shape.rows >= MANY else "few"]:
        n = min(level.folds, folds)
        kept: list[Entry] = []
        seconds = 0.0
        sized = [at_level(e, level) for e in entries]
        for e in sized:
            more = work(e, shape, n, cost, refit or n > 1)
            if not kept or seconds + more <= budget * MARGIN:
                kept.append(e)
                seconds += more
        # more and smaller steps of boosting gain less than a candidate more
        wanted = entries if level == LEVELS[0] else entries[:FIRST]
        if seconds <= budget * MARGIN and [e.name for e in kept[: len(wanted)]] == [e.name for e in wanted]:
            break
    spare = tuple(e for e in sized if e not in kept)
    left = [e.name for e in spare]
    plan = Plan(kept, n, refit or n > 1, seconds, left, level.rest, 1, budget * MARGIN)
    if shape.rows < MANY:  # of many rows fits take longer than estimated, not shorter
        plan = plan._replace(spare=spare)
    # a budget that has to leave something out is better spent on that than on saying the rest again
    if left or n < 2 or level.rest < 1:
        return plan
    times = int(np.clip(budget * MARGIN // seconds, 1, repeats))
    return plan._replace(seconds=seconds * times, repeats=times)


def more_entries(plan: Plan, run: list[Entry], shape: Shape, cost: Callable[[Entry, Shape], float]) -> list[Entry]:
    """Of plan.spare, those that there is room for beside what has `run`, with the rounds that it ran: folds end boosting and
    networks before the rounds that a plan has to expect. A logarithm is expected to run as long as its candidate did."""
    like = {e.candidate: e for e in reversed(run)}
    seconds = sum(work(e, shape, plan.folds, cost, plan.refit) for e in run)
    more = []
    for e in plan.spare:
        expected = work(like.get(e.candidate, e), shape, plan.folds, cost, plan.refit)
        if seconds + expected <= plan.room:
            more.append(e)
            seconds += expected
    return more


def work(entry: Entry, shape: Shape, folds: int, cost: Callable[[Entry, Shape], float], refit: bool) -> float:
    """Seconds of one core for all folds of an entry, and for the fit on all rows after them."""
    share = 1 - 1 / folds if folds > 1 else 0.8
    return folds * cost(entry, shape._replace(rows=int(shape.rows * share))) + (cost(entry, shape) if refit else 0)


def at_level(entry: Entry, level: Level) -> Entry:
    return shrunk(entry, level.rounds if _steps(entry.hyper) else level.rest)


def shrunk(entry: Entry, effort: float) -> Entry:
    """Fewer rounds, trees or epochs; boosting with fewer rounds takes larger steps."""
    if effort >= 1:
        return entry
    hyper = dict(entry.hyper)
    for name in ("max_iter", "n_estimators"):
        if _counts(hyper.get(name)):
            hyper[name] = max(2, round(hyper[name] * effort))
            break
    if _steps(hyper):
        hyper["learning_rate"] = round(min(0.3, hyper["learning_rate"] * effort**-0.7), 3)
    return replace(entry, hyper=hyper)


def _steps(hyper: dict[str, Any]) -> bool:
    """Whether each round takes a step of that size: a network of scikit-learn's has a learning_rate that is a word."""
    return _counts(hyper.get("learning_rate"))


def _counts(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
