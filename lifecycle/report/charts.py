"""Charts as inline SVG: text stays text, colours are the page's own, and the same numbers give the same bytes.

Each function returns an <svg> element as markup, which templates do not escape, or "" where there is nothing to draw.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from lifecycle.ground.words import cut, short

INK, MUTED, LINE = "#1b1f24", "#6b7280", "#d9dde3"
COLOURS = ["#2563a8", "#b4531c", "#2f7d4f", "#7d4aa3", "#8f6b00", "#50607a"]
# the page's style sheet knows a light and a dark value of each
VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line"} | {c: f"c{i + 1}" for i, c in enumerate(COLOURS)}

# ids that matplotlib gives to groups
NAMELESS = r"figure|axes|patch|text|line2d|matplotlib\.axis|xtick|ytick|\w*[Cc]ollection|legend"

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 8.5,
    "text.parse_math": False,  # a column may be called "$x_1$"
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "figure.constrained_layout.use": True,
}
DASHED: dict[str, Any] = {"color": MUTED, "linewidth": 1, "linestyle": (0, (3, 3))}
NUMBER = FuncFormatter(lambda value, _: short(value))


def _svg(name: str, draw: Callable[[Axes], None], width: float = 4.6, height: float = 3.5) -> Markup:
    """Run `draw(axes)` on a figure of that many inches. `name` keeps the ids of one chart apart from another's."""
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the browser's font will have it
        figure = Figure(figsize=(width, height))
        draw(figure.subplots())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    # a style there is the whole page's
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.S)
    # tags alone: between them are names and classes, which may look like anything
    svg = re.sub(r"<[^>]*>", lambda tag: _inline_tag(tag[0]), svg)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{name}"', 1))


def _inline_tag(tag: str) -> str:
    """A tag as it is inside HTML: in the page's colours and font, without ids that nothing refers to."""
    tag = re.sub(r' xmlns(:\w+)?="[^"]*"', "", tag)  # inline they are implied, and look like links
    tag = tag.replace("xlink:href", "href")
    tag = re.sub(rf' id="({NAMELESS})_\d+"', "", tag)
    tag = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", tag)
    if tag.startswith("<svg"):
        tag = re.sub(r' (width|height)="[^"]*"', "", tag)
    for colour, variable in VARIABLES.items():
        tag = tag.replace(colour, f"var(--{variable})")
    return tag


def _numbers(axis: Axis, ticks: int = 5) -> None:
    axis.set_major_locator(MaxNLocator(ticks))
    axis.set_major_formatter(NUMBER)


def _log(axis: Axis) -> None:
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(NUMBER)
    axis.set_minor_formatter(NullFormatter())


def lines(
    name: str,
    series: Sequence[tuple[str, Any, Any]],
    x_label: str,
    y_label: str,
    chance: str = "",
    unit: bool = True,
    colours: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Lines, each (label, x, y); `chance` "diagonal" adds what a guess would give; `unit`: both axes from 0 to 1."""
    series = [one for one in series if len(one[1])]
    if not series:
        return ""

    def draw(ax: Axes) -> None:
        if chance == "diagonal":
            ax.plot([0, 1], [0, 1], **DASHED)
        for label, x, y in series:
            ax.plot(x, y, color=colours.get(label, COLOURS[0]), label=cut(label, 24, middle=True))
        ax.set(xlabel=x_label, ylabel=y_label, ylim=(-0.02, 1.02))
        _numbers(ax.xaxis)
        _numbers(ax.yaxis)
        ax.set(xlim=(-0.02, 1.02) if unit else (0, None))
        if len(series) > 1:
            ax.legend(loc="lower right" if chance else "best")

    return _svg(name, draw)


def calibration(name: str, rows: list[dict[str, float]], x_label: str, y_label: str, unit: bool) -> str:
    """Predicted against observed with intervals, on the line where both agree."""
    if not rows:
        return ""
    x, y, low, high = (
        np.array([row[key] for row in rows], dtype=float) for key in ("predicted", "observed", "low", "high")
    )

    def draw(ax: Axes) -> None:
        known = np.concatenate([x, low[np.isfinite(low)], high[np.isfinite(high)]])
        ends = (0, 1) if unit else (known.min(), known.max())
        ax.plot(ends, ends, **DASHED)
        ax.vlines(x, low, high, color=COLOURS[0], linewidth=1.2, alpha=0.6)
        ax.plot(x, y, "o", color=COLOURS[0], markersize=4.5)
        ax.set(xlabel=x_label, ylabel=y_label)
        _numbers(ax.xaxis)
        _numbers(ax.yaxis)
        if unit:
            # a rare class has all its probabilities in one corner
            end = 1.02 if known.max() > 0.5 else 1.1 * known.max()
            ax.set(xlim=(-0.02 * end, end), ylim=(-0.02 * end, end))

    return _svg(name, draw)


def confusion(name: str, counts: np.ndarray, labels: list[str]) -> str:
    """A row per actual class: which share of it is predicted as what."""
    k = len(labels)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    size = max(3.5, 0.27 * k + 1.6)
    ticks = [cut(label, 20, middle=True) for label in labels]

    def draw(ax: Axes) -> None:
        for i, j in np.ndindex(k, k):
            _cell(ax, i, j, share[i, j])
            if _is_told(share[i, j], k):
                text = _percent(share[i, j]) if k <= 12 else f"{100 * share[i, j]:.0f}"
                ax.text(j, i, text, ha="center", va="center", fontsize=8.5 if k <= 8 else 6.5)
        _names(ax, range(k), ticks, slanted=k > 6 or max(map(len, ticks)) > 40 // k, degrees=40)
        ax.set_yticks(range(k), ticks)
        ax.set(xlim=(-0.5, k - 0.5), ylim=(k - 0.5, -0.5), xlabel="predicted", ylabel="actual")
        ax.grid(False)

    return _svg(name, draw, width=max(4.6, size + 0.8), height=size)


def _cell(ax: Axes, row: int, column: int, share: float) -> None:
    """Its square, the darker the larger the share: blue on the diagonal, brown beside it."""
    if share > 0:
        colour = COLOURS[0] if row == column else COLOURS[1]
        x = [column - 0.5, column + 0.5]
        ax.fill_between(x, row - 0.5, row + 0.5, color=colour, alpha=0.08 + 0.57 * share, linewidth=0)


def _is_told(share: float, classes: int) -> bool:
    """Whether a cell has its number: a small one in each of 400 cells is noise."""
    if classes <= 6 or share >= 0.1:
        return True
    return classes <= 12 and share >= 0.005


def _percent(share: float) -> str:
    """Never a false 0% or 100%."""
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def _names(ax: Axes, at: np.ndarray | range, ticks: list[str], slanted: bool, degrees: int) -> None:
    """Names along the x axis; slanted where they would touch."""
    if slanted:
        ax.set_xticks(at, ticks, rotation=degrees, ha="right")
    else:
        ax.set_xticks(at, ticks, ha="center")


def points(name: str, x: np.ndarray, y: np.ndarray, x_label: str, y_label: str, line: str) -> str:
    """One dot a row. `line` "equal" draws x = y, "zero" y = 0; skewed positive values get a logarithmic axis."""
    if not len(x):
        return ""
    actual = y if line == "equal" else x
    skewed = min(x.min(), actual.min()) > 0 and actual.max() > 20 * np.median(actual)

    def draw(ax: Axes) -> None:
        ax.plot(x, y, "o", color=COLOURS[0], markersize=2.6, alpha=0.4, markeredgewidth=0)
        if line == "equal":
            ends = min(x.min(), y.min()), max(x.max(), y.max())
            ax.plot(ends, ends, **DASHED)
        else:
            ax.axhline(0, **DASHED)
        ax.set(xlabel=x_label, ylabel=y_label)
        _numbers(ax.xaxis)
        _numbers(ax.yaxis)
        if skewed:
            ax.set_xscale("log")
            _log(ax.xaxis)
        if skewed and line == "equal":
            ax.set_yscale("log")
            _log(ax.yaxis)

    return _svg(name, draw)


def dependence(
    name: str, feature: dict[str, Any], y_label: str, y_range: tuple[float, float], colours: Mapping[str, str]
) -> str:
    """The mean prediction for each value tried of one column: a line for numbers and times, dots for the rest.

    `y_range` is shared by the columns shown, so that a flat line looks flat.
    """
    values, shown = feature["values"], feature["lines"]
    numeric = feature["type"] in ("number", "integer")
    joined = numeric or feature["type"] in ("date", "datetime")
    x = np.array(values if numeric else range(len(values)), dtype=float)
    margin = 0.06 * (y_range[1] - y_range[0]) or 1
    ends = (y_range[0] - margin, y_range[1] + margin)
    style: dict[str, Any] = {"marker": "o", "markersize": 6, "linestyle": ""}
    if joined:
        style = {"marker": "o", "markersize": 3.5}

    def draw(ax: Axes) -> None:
        for i, line in enumerate(shown):
            colour = colours.get(line["class"], MUTED)
            beside = 0 if joined else 0.09 * (i - (len(shown) - 1) / 2)  # dots of several classes at one value
            ax.plot(x + beside, line["mean"], color=colour, label=cut(line["class"], 24, middle=True), **style)
        if numeric:
            _numbers(ax.xaxis)
        else:
            ticks = [cut(value, 18, middle=True) for value in values]
            _names(ax, x, ticks, slanted=sum(map(len, ticks)) > 36, degrees=35)
            ax.margins(x=0.08)
        ax.set(xlabel=cut(feature["column"], 44, middle=True), ylabel=y_label, ylim=ends)
        _numbers(ax.yaxis)
        if len(shown) > 1:
            ax.legend(loc="best")

    return _svg(name, draw, height=2.9)
