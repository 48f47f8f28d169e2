"""A dot and its interval for each row, drawn by the style sheet: text stays readable on a phone, where a wide SVG is cut off.

pieces.html.j2 has the macro `dots`, which writes a `Plot` as HTML; positions are percentages of the axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lifecycle.ground.words import short


class Row(NamedTuple):
    """What is drawn: `note` beside the name, `text` at the right."""

    name: str
    value: float
    low: float | None
    high: float | None
    note: str = ""
    text: str = ""
    marked: bool = False


class Dot(NamedTuple):
    row: Row
    at: float
    start: float
    width: float


class Mark(NamedTuple):
    at: float
    text: str


class Plot(NamedTuple):
    label: str  # of the axis
    dots: list[Dot]
    ticks: list[Mark]
    marks: list[Mark]


def plot(label: str, rows: Sequence[Row], marks: Mapping[str, float | None]) -> Plot:
    """`marks`: {what it is: where on the axis}; those without a place are left out."""
    places = {text: value for text, value in marks.items() if value is not None}
    low, high = ends(rows, list(places.values()))

    def at(value: float) -> float:
        share = (value - low) / (high - low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    dots = []
    for row in rows:
        start = at(row.value if row.low is None else row.low)
        end = at(row.value if row.high is None else row.high)
        dots.append(Dot(row, at(row.value), start, round(end - start, 2)))
    return Plot(
        label,
        dots,
        [Mark(at(tick), short(tick)) for tick in ticks(low, high)],
        [Mark(at(value), text) for text, value in places.items()],
    )


def ends(rows: Sequence[Row], places: Sequence[float]) -> tuple[float, float]:
    """The axis: all dots and marks, and intervals as far as they do not squeeze the rest."""
    known = [row.value for row in rows] + list(places)
    low, high = min(known), max(known)
    most = max(high - low, 0.05 * abs(high), 1e-9)
    lows = [row.low for row in rows if row.low is not None]
    highs = [row.high for row in rows if row.high is not None]
    low = min(low, max(min(lows, default=low), low - most))
    high = max(high, min(max(highs, default=high), high + most))
    margin = 0.03 * (high - low) or 1.0
    return low - margin, high + margin


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between `low` and `high`."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(i * step, 12) for i in range(first, last + 1)]
