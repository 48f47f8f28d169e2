"""A figure over the batches as a strip: lines drawn by SVG that stretches, text and dots by HTML that does not.

pieces.html.j2 has the macro `strip`, which writes a `Strip`. Places are percentages, from the left and from the top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from lifecycle.ground.words import short
from lifecycle.report.dots import Mark

Values = Sequence[float | None]


class Point(NamedTuple):
    left: float
    top: float
    text: str  # when, and how much


class Trace(NamedTuple):
    """`paths`: pieces without a gap, each `x,y x,y …`."""

    name: str
    number: int  # of its colour, from 1
    paths: list[str]
    points: list[Point]
    last: str


class Strip(NamedTuple):
    title: str
    how: str
    lines: list[Trace]
    band: list[str]  # polygons
    levels: list[Mark]  # from the top
    releases: list[Mark]  # from the left
    top: str
    bottom: str
    first: str
    last: str


def strip(
    title: str,
    how: str,
    series: Mapping[str, Values],
    ticks: Sequence[str],
    releases: Sequence[tuple[int, str]],
    levels: Mapping[str, float | None] | None = None,
    band: tuple[Values, Values] | None = None,
    zero: bool = False,
) -> Strip | None:
    """`series`: {name: a value for each tick}; `levels`: {what it is: a value}; `band`: low and high of the first series;
    `zero`: the axis begins there. None where no value is known."""
    lows, highs = band or ([], [])
    values = [value for line in series.values() for value in line]
    known: list[float] = [value for value in values if is_known(value)]
    if not known:
        return None
    places: dict[str, float] = {text: value for text, value in (levels or {}).items() if is_known(value)}
    ends: list[float] = [value for value in [*lows, *highs] if is_known(value)]
    every = [*known, *places.values(), *ends]
    low, high = min(every), max(every)
    low = min(low, 0.0) if zero else low
    if high <= low:
        high = low + (abs(low) or 1.0)

    def left(i: int) -> float:
        return round(100 * (i + 0.5) / len(ticks), 2)

    def top(value: float) -> float:
        return round(100 * (high - value) / (high - low), 2)

    lines = []
    for number, (name, line) in enumerate(series.items(), start=1):
        points = [Point(left(i), top(v), f"{ticks[i]}: {short(v)}") for i, v in enumerate(line) if is_known(v)]
        if points:
            last = next(value for value in reversed(line) if is_known(value))
            paths = [_path([(left(i), top(v)) for i, v in piece]) for piece in pieces(line)]
            lines.append(Trace(name, number, paths, points, short(last)))
    return Strip(
        title,
        how,
        lines,
        [_path(outline) for outline in outlines(lows, highs, left, top)],
        [Mark(top(value), text) for text, value in places.items()],
        [Mark(round(100 * i / len(ticks), 2), text) for i, text in releases],
        short(high),
        short(low),
        ticks[0],
        ticks[-1],
    )


def is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def pieces(line: Values) -> list[list[tuple[int, float]]]:
    """Runs of known values, each with its places."""
    out: list[list[tuple[int, float]]] = [[]]
    for i, value in enumerate(line):
        if value is None or not math.isfinite(value):
            out.append([])
        else:
            out[-1].append((i, value))
    return [piece for piece in out if piece]


Place = Callable[[Any], float]


def outlines(lows: Values, highs: Values, left: Place, top: Place) -> list[list[tuple[float, float]]]:
    """The band as polygons: along the upper ends, and back along the lower ones."""
    both: list[float | None] = []
    for low, high in zip(lows, highs, strict=True):
        both.append(low if is_known(high) else None)
    out = []
    for piece in pieces(both):
        upper = [(left(i), top(highs[i])) for i, _ in piece]
        lower = [(left(i), top(value)) for i, value in reversed(piece)]
        out.append(upper + lower)
    return out


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
