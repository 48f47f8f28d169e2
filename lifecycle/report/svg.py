"""Small charts as SVG without a drawing library: for pages of stages that wait for none, and for what a script moves.

Each function returns markup, or "" where there is nothing to draw. Colours are the page's own; numbers are rounded, so that the
same data give the same bytes. A chart's plane is PLANE within its box: a script that moves a mark can rely on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from lifecycle.ground.words import brief, short
from lifecycle.report.dots import ticks

COLOURS = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)")
WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 66, 22, 28, 46
PLANE = (LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)

Format = Callable[[float], str]


class Curve(NamedTuple):
    label: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = False


class Bars(NamedTuple):
    """Heights of bars of equal width."""

    label: str
    heights: Sequence[float]


class Plane:
    """From data to places in the box."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x, self.y = _wide(x), _wide(y)

    def across(self, value: float) -> float:
        return round(PLANE[0] + PLANE[2] * (value - self.x[0]) / (self.x[1] - self.x[0]), 1)

    def down(self, value: float) -> float:
        return round(PLANE[1] + PLANE[3] * (1 - (value - self.y[0]) / (self.y[1] - self.y[0])), 1)


def _wide(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = ends
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def percent_of(value: float) -> str:
    return f"{value:.0%}"


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "ink", turn: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="var(--{kind})"{turn}>{escape(text)}</text>'


def _frame(plane: Plane, x_label: str, y_label: str, x_format: Format | None, y_format: Format) -> list[str]:
    """Grid, ticks and names of both axes; `x_format` None: the x axis has names of its own."""
    left, top, width, height = PLANE
    out = []
    for tick in ticks(*plane.y):
        at = plane.down(tick)
        out.append(f'<path d="M{left} {at}h{width}" stroke="var(--line)" stroke-width="0.8"/>')
        out.append(_text(left - 6, at + 4, y_format(tick), "end"))
    for tick in ticks(*plane.x) if x_format else []:
        at = plane.across(tick)
        out.append(f'<path d="M{at} {top}v{height}" stroke="var(--line)" stroke-width="0.8"/>')
        out.append(_text(at, top + height + 16, x_format(tick) if x_format else ""))
    out.append(_text(left + width / 2, HEIGHT - 6, x_label, kind="muted"))
    middle = top + height / 2
    out.append(_text(11, middle, y_label, kind="muted", turn=f' transform="rotate(-90 11 {middle:g})"'))
    return out


def _svg(name: str, parts: Sequence[str], height: int = HEIGHT) -> Markup:
    return Markup(
        f'<svg role="img" aria-label="{escape(name)}" viewBox="0 0 {WIDTH} {height}" font-size="12.5">{"".join(parts)}</svg>'
    )


def _legend(labels: Sequence[str]) -> list[str]:
    """In a row above the plane, where no line runs."""
    out: list[str] = []
    if len([label for label in labels if label]) < 2:
        return out
    step = PLANE[2] // len(labels)
    for i, label in enumerate(labels):
        x = LEFT + step * i
        out.append(f'<path d="M{x} 10h14" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="3" fill="none"/>')
        out.append(_text(x + 19, 14, brief(label), "start"))
    return out


def lines(
    name: str,
    series: Sequence[Curve],
    x_label: str,
    y_label: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    x_format: Format = short,
    y_format: Format = short,
    diagonal: bool = False,
    mark: float | None = None,
) -> str:
    """`mark`: a line across at that x, which a script may move: it has the class `mark`."""
    series = [one for one in series if len(one.x)]
    if not series:
        return ""
    xs = [value for one in series for value in one.x]
    ys = [value for one in series for value in one.y]
    plane = Plane(x_range or (min(xs), max(xs)), y_range or _margin(min(ys), max(ys)))
    parts = _frame(plane, x_label, y_label, x_format, y_format)
    if diagonal:
        ends = (
            f"M{plane.across(plane.x[0])} {plane.down(plane.y[0])}L{plane.across(plane.x[1])} {plane.down(plane.y[1])}"
        )
        parts.append(f'<path d="{ends}" stroke="var(--muted)" stroke-dasharray="4 4" fill="none"/>')
    for i, one in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        at = [f"{plane.across(x):g} {plane.down(y):g}" for x, y in zip(one.x, one.y, strict=True)]
        parts.append(f'<path d="M{"L".join(at)}" stroke="{colour}" stroke-width="2" fill="none"/>')
        if one.dots:
            parts += [f'<circle cx="{a.split()[0]}" cy="{a.split()[1]}" r="3.5" fill="{colour}"/>' for a in at]
    if mark is not None:
        at_x = plane.across(mark)
        parts.append(f'<path class="mark" d="M{at_x} {TOP}v{PLANE[3]}" stroke="var(--ink)" stroke-width="1.5"/>')
    return _svg(name, parts + _legend([one.label for one in series]))


def _margin(low: float, high: float) -> tuple[float, float]:
    more = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - more, high + more


def histogram(
    name: str,
    parts_of_bar: Sequence[Bars],
    x_range: tuple[float, float],
    x_label: str,
    y_label: str,
    x_format: Format = short,
    mark: float | None = None,
) -> str:
    """Bars of equal width over a range, of several series one above the other."""
    n = len(parts_of_bar[0].heights) if parts_of_bar else 0
    total = [sum(one.heights[i] for one in parts_of_bar) for i in range(n)]
    if not n or not max(total) > 0:
        return ""
    plane = Plane(x_range, (0, 1.05 * max(total)))
    drawn = _frame(plane, x_label, y_label, x_format, short)
    width = (x_range[1] - x_range[0]) / n
    base = [0.0] * n
    for k, one in enumerate(parts_of_bar):
        path = ""
        for i, height in enumerate(one.heights):
            if height:
                left, right = (
                    plane.across(x_range[0] + i * width) + 0.5,
                    plane.across(x_range[0] + (i + 1) * width) - 0.5,
                )
                low, high = plane.down(base[i]), plane.down(base[i] + height)
                path += f"M{left:g} {low:g}V{high:g}H{right:g}V{low:g}z"
                base[i] += height
        drawn.append(f'<path d="{path}" fill="{COLOURS[k % len(COLOURS)]}" opacity="0.8"/>')
    if mark is not None:
        at = plane.across(mark)
        drawn.append(f'<path class="mark" d="M{at} {TOP}v{PLANE[3]}" stroke="var(--ink)" stroke-width="1.5"/>')
    return _svg(name, drawn + _legend([one.label for one in parts_of_bar]))


def spark(name: str, bars: Sequence[float], line: Sequence[float | None], level: float | None) -> str:
    """Bars in a small box and, on a scale of its own, a line over them; `level`: a dashed line on that scale."""
    if not bars or not max(bars) > 0:
        return ""
    width, height = 100 / len(bars), 60
    most, path = max(bars), ""
    for i, value in enumerate(bars):
        if value:
            path += f"M{i * width:.2f} {height}v-{52 * value / most:.1f}h{0.86 * width:.2f}v{52 * value / most:.1f}z"
    parts = [f'<path d="{path}" fill="var(--c1)" opacity="0.45"/>']
    known = [(i, value) for i, value in enumerate(line) if value is not None]
    if len(known) > 1:
        values = [value for _, value in known] + ([level] if level is not None else [])
        low, high = _margin(min(values), max(values))

        def down(value: float) -> float:
            return round(height - 4 - (height - 8) * (value - low) / (high - low), 1)

        if level is not None:
            parts.append(
                f'<path class="thin" d="M0 {down(level):g}H100" stroke="var(--muted)" stroke-dasharray="3 3" fill="none"/>'
            )
        drawn = "L".join(f"{(i + 0.43) * width:.2f} {down(value):g}" for i, value in known)
        parts.append(f'<path class="thin" d="M{drawn}" stroke="var(--c2)" stroke-width="2" fill="none"/>')
    return Markup(
        f'<svg class="spark" role="img" aria-label="{escape(name)}" viewBox="0 0 100 60" preserveAspectRatio="none">{"".join(parts)}</svg>'
    )
