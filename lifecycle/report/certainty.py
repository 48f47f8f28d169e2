"""Two things that the report says of single answers: how sure they are, and what moved them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.ground.words import brief, count, cut, percent, short
from lifecycle.report.decisions import share
from lifecycle.report.dots import Mark, ticks

# ---- how sure -----------------------------------------------------------------------------------------------------


def in_words(evaluation: dict[str, Any], target: str) -> str:
    """Coverage and width, the conclusion first."""
    found = evaluation["certainty"]
    level, coverage = percent(found["level"]), found["coverage"]
    held = f"{percent(coverage['value'])} of the {count(evaluation['n_rows'])} test rows (95% interval {percent(coverage['low'])} to {percent(coverage['high'])})"
    if evaluation["classes"]:
        alone = percent(found["sizes"][0] / evaluation["n_rows"])
        return (
            f"Beside each answer stands the set of classes that may be the right one, made to hold it {level} of the time, whichever "
            f"class it is; it did for {held}. For {alone} of the rows one class is left."
        )
    width = found["width"]
    return (
        f"Around each answer stands an interval, made to hold the actual {cut(target, 40)} {level} of the time; it did for {held}. "
        f"Half of the intervals are at most {short(width['median'], 3)} wide; four of five between {short(width['narrow'], 3)} and "
        f"{short(width['wide'], 3)}. Without a model, one for all rows would be {short(found['baseline_width'], 3)} wide."
    )


def trust(evaluation: dict[str, Any]) -> str:
    """What follows from the coverage: fewer than promised is the bad news."""
    found = evaluation["certainty"]
    if found["coverage"]["high"] < found["level"]:
        return "Surely less than promised: the test rows differ from those that the width was learned from, as newer ones do where the world changes."
    below = [one for one in found["slices"] if one["below"]]
    if below:
        return "It holds on the whole, but not in each part of the rows: those below are surely covered less."
    return ""


def slices(evaluation: dict[str, Any]) -> dict[str, Any]:
    found = evaluation["certainty"]["slices"]
    width = "Classes in the set" if evaluation["classes"] else "Mean width"
    rows = []
    for one in found:
        name = " and ".join(f"{brief(column)} = {brief(level)}" for column, level in one["where"])
        below = "surely below" if one["below"] else ""
        rows.append([name, count(one["n"]), share(one["coverage"]), short(one["width"], 3), below])
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
    said = [f"{brief(one['a'])} and {brief(one['b'])} ({short(one['strength'], 2)} of 1)" for one in pairs[:6]]
    more = f", and {len(pairs) - 6} more pairs" if len(pairs) > 6 else ""
    return ", ".join(said) + more
