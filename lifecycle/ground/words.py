"""Numbers and names as people read them: the one formatter of pages, cards, charts, messages and the terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

DASH = "–"  # where there is no number
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short(value: float | None, significant: int = 4, zeros: bool = False) -> str:
    """A number to so many significant digits: 0.4123, 12.35, 1,235, 46,374, 2.4×10⁻⁷; a dash where there is none.

    `zeros` keeps trailing ones, so that the numbers of a table's column look equally exact.
    """
    if value is None or not math.isfinite(value):
        return DASH
    size = abs(value)
    if size >= 1e12 or 0 < size < 1e-6:
        digits, power = f"{value:.{significant - 1}e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}×10{str(int(power)).translate(RAISED)}"
    decimals = 0
    if 0 < size < 1000:
        decimals = max(0, significant - 1 - math.floor(math.log10(size)))
    text = f"{value + 0.0:,.{decimals}f}"  # never -0
    if "." in text and not zeros:
        text = text.rstrip("0").rstrip(".")
    return text


def plain(value: Any) -> str:
    """Whatever was measured: a number short, a text as it is, a dash for nothing."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return short(value)
    return str(value)


def alike(values: Iterable[float | None], significant: int = 3) -> list[str]:
    """Numbers of one column, with as many decimals as the largest needs: 0.162, 0.048, 0.000."""
    values = [None if value is None or not math.isfinite(value) else float(value) for value in values]
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if not 1e-6 <= largest < 1e12:
        return [short(value, significant) for value in values]
    decimals = max(0, significant - 1 - math.floor(math.log10(largest)))
    return [DASH if value is None else f"{round(value, decimals) + 0.0:,.{decimals}f}" for value in values]


def as_scores(values: Iterable[float | None]) -> list[str]:
    """Scores beside each other, to be compared digit by digit: four decimals below ten, else four digits."""
    values = list(values)
    largest = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    return alike(values, 5 if 1 <= largest < 10 else 4)


def count(number: int) -> str:
    """Rows, cells, columns: 6,105."""
    return f"{number:,}"


def exact(value: float | None) -> str:
    """Three digits, also where they are zeros: 0.410."""
    return short(value, 3, zeros=True)


def between(low: float | None, high: float | None, significant: int = 3) -> str:
    """An interval, its ends with as many decimals: 0.397 to 0.460, -0.03 to 1.29; a dash where an end is unknown."""
    if low is None or high is None:
        return DASH
    first, last = alike([low, high], significant)
    return f"{first} to {last}"


def percent(share: float | None) -> str:
    """A share as a percentage that never rounds to a false 0% or 100%."""
    if share is None or not math.isfinite(share):
        return DASH
    text = ""
    for digits in (0, 1, 2):
        text = f"{share:.{digits}%}"
        if float(text[:-1]) not in (0, 100) or share in (0, 1):
            break
    return text


def cut(text: Any, length: int, middle: bool = False) -> str:
    """One line of at most `length` characters, an ellipsis for the rest.

    `middle`: it is left out of the middle, since long names of one table tend to differ at their ends.
    """
    text = re.sub(r"[\x00-\x20\x7f]+", " ", str(text)).strip()
    if len(text) <= length:
        return text
    tail = (length - 1) // 2 if middle else 0
    return text[: length - 1 - tail].rstrip() + "…" + text[len(text) - tail :].lstrip()


def brief(name: Any) -> str:
    """A name that fits a title or a legend."""
    return cut(name, 24, middle=True)
