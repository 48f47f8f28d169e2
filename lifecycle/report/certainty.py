"""Two things that the report says of single answers: how sure they are, and what moved them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.ground.words import alike, brief, count, cut, percent, short
from lifecycle.report.decisions import share
from lifecycle.report.dots import Mark, ticks

# ---- how sure -----------------------------------------------------------------------------------------------------


def in_words(evaluation: dict[str, Any], target: str) -> str:
    """Coverage and width, the conclusion first."""
    found = evaluation["certainty"]
    level, coverage = percent(found["level"]), found["coverage"]
    held = (
        f"for {percent(coverage['value'])} of the {count(evaluation['n_rows'])} test rows "
        f"(95% interval {percent(coverage['low'])} to {percent(coverage['high'])})"
    )
    if evaluation["classes"]:
        alone = percent(found["sizes"][0] / evaluation["n_rows"])
        return (
            f"Each prediction comes with a set of the classes it may be, built to contain the actual class at least {level} of the time, "
            f"for each class alike; it did {held}. The set is a single class for {alone} of the rows.{surer(found)}"
        )
    width = found["width"]
    median, narrow, wide, naive = alike([width["median"], width["narrow"], width["wide"], found["baseline_width"]])
    return (
        f"Each prediction comes with an interval, built to contain the actual {cut(target, 40)} {level} of the time; it did {held}. "
        f"The median width is {median}; four intervals in five are between {narrow} and {wide} wide. Without a model, one interval "
        f"for all rows would have to be {naive} wide."
    )


def surer(found: dict[str, Any]) -> str:
    """Why sets may hold more often than asked: none has fewer classes than one."""
    if found["coverage"]["low"] <= found["level"] or found["size"] >= 1.05:
        return ""
    return " More than asked for, since the likeliest class alone is already right more often: a set cannot be smaller than that."


def trust(evaluation: dict[str, Any]) -> str:
    """What follows from the coverage: fewer than promised is the bad news."""
    found = evaluation["certainty"]
    if found["coverage"]["high"] < found["level"]:
        return "Significantly less than promised: the test rows differ from the training rows, as newer ones do when the world changes."
    below = [one for one in found["slices"] if one["below"]]
    if below:
        return (
            "It holds overall, but not in every slice: coverage is significantly below the level in those marked here."
        )
    return ""


def slices(evaluation: dict[str, Any]) -> dict[str, Any]:
    found = evaluation["certainty"]["slices"]
    width = "Classes in the set" if evaluation["classes"] else "Mean width"
    rows = []
    widths = alike(one["width"] for one in found)
    for one, mean in zip(found, widths, strict=True):
        name = " and ".join(f"{brief(column)} = {brief(level)}" for column, level in one["where"])
        below = "significantly below" if one["below"] else ""
        rows.append([name, count(one["n"]), share(one["coverage"]), mean, below])
    return {"head": ["Slice", "Rows", "Coverage", width, ""], "rows": rows, "numeric": [1, 2, 3]}


def sizes(evaluation: dict[str, Any]) -> dict[str, Any]:
    """How many rows have how many classes left."""
    rows = [
        [str(size), count(n), percent(n / evaluation["n_rows"])]
        for size, n in enumerate(evaluation["certainty"]["sizes"], 1)
        if n
    ]
    return {"head": ["Classes in the set", "Rows", "Share"], "rows": rows[:12], "numeric": [0, 1, 2]}


def by_class(evaluation: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [brief(one["class"]), count(one["n"]), share(one["coverage"])] for one in evaluation["certainty"]["by_class"]
    ]
    return {"head": ["Actual class", "Rows", "Coverage"], "rows": rows, "numeric": [1, 2]}


# ---- what moved them ----------------------------------------------------------------------------------------------


HEAP = 1.25  # per cent of the axis, within which dots stand one above the other


class SwarmLine(NamedTuple):
    """`paths`: dots by kind (low, mid, high, other), as an SVG path of points."""

    name: str
    paths: dict[str, str]
    text: str


class Swarm(NamedTuple):
    label: str
    lines: list[SwarmLine]
    ticks: list[Mark]
    marks: list[Mark]


def unit(evaluation: dict[str, Any]) -> str:
    if len(evaluation["classes"]) == 2:
        return f"points of the probability of “{brief(evaluation['classes'][1])}”"
    return "points of the likeliest class's probability" if evaluation["classes"] else "the target's unit"


def swarm(evaluation: dict[str, Any], points: pd.DataFrame) -> Swarm:
    times = 100 if evaluation["classes"] else 1
    amounts = points["amount"].to_numpy() * times
    low, high = float(amounts.min()), float(amounts.max())
    margin = 0.04 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 1)

    lines = []
    for one in evaluation["reasons"]["columns"]:
        mine = points[points["column"] == one["column"]]
        if len(mine):
            places = np.array([at(value) for value in mine["amount"] * times])
            name = cut(one["column"], 40, middle=True)
            lines.append(
                SwarmLine(name, paths(places, mine["rank"].to_numpy(dtype=float)), short(one["size"] * times, 2))
            )
    label = "points of probability" if times == 100 else "in the target's unit"
    drawn = [Mark(at(tick), short(tick)) for tick in ticks(low, high)]
    return Swarm(label, lines, drawn, [Mark(at(0.0), "average")])


def paths(places: np.ndarray, rank: np.ndarray) -> dict[str, str]:
    """Points of one line, those at one place one above the other."""
    heaps: dict[int, int] = {}
    bins = np.round(places / HEAP).astype(int)
    step = min(4.0, 28 / max(np.bincount(bins).max(initial=1), 1))
    out: dict[str, list[str]] = {}
    for i in np.argsort(places, kind="stable").tolist():
        n = heaps.get(bins[i], 0)
        heaps[bins[i]] = n + 1
        side = (n + 1) // 2 * (1 if n % 2 else -1)
        out.setdefault(kind_of(rank[i]), []).append(f"M{bins[i] * HEAP:g} {17 + side * step:.1f}h0")
    return {kind: "".join(out[kind]) for kind in ("other", "mid", "low", "high") if kind in out}


def kind_of(rank: float) -> str:
    if np.isnan(rank):
        return "other"
    if rank < 1 / 3:
        return "low"
    return "high" if rank > 2 / 3 else "mid"


def alike_in_words(evaluation: dict[str, Any]) -> str:
    pairs = evaluation["alike"]
    said = [f"{brief(one['a'])} and {brief(one['b'])} (association {one['strength']:.2f})" for one in pairs[:6]]
    more = f", and {len(pairs) - 6} more pairs" if len(pairs) > 6 else ""
    return ", ".join(said) + more
