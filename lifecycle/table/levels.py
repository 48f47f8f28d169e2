"""Cells that are filled, and the levels of a category with their spellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lifecycle.table import cells


def filled_cells(values: pd.Series, field: Any) -> pd.Series:
    """The cells that are neither missing nor garbled."""
    gone = cells.is_token(values, field["missingValues"]) | cells.is_garbled(values)
    return values[~gone] if gone.any() else values


def first_different(values: pd.Series, most: int) -> list[str]:
    """The first different texts, at most so many; mostly the first cells hold them."""
    is_short = len(values) <= cells.FEW
    first = values if is_short else values.iloc[: cells.FEW]
    found = list(dict.fromkeys(map(str, first.tolist())))
    if len(found) < most and not is_short:
        found = list(map(str, values.unique()))
    return found[:most]


def as_name(field: dict) -> None:
    """An id is a name, whatever it is made of: as a number, one of 17 digits would lose its last."""
    field["type"] = "string"
    for key in (
        "constraints",
        "decimalChar",
        "groupChar",
        "bareNumber",
        "unit",
        "notation",
        "format",
        "formats",
        "trueValues",
        "falseValues",
    ):
        field.pop(key, None)


def level_counts(values: pd.Series) -> dict[str, int]:
    """{level: rows}, whatever its spelling."""
    counts: dict[str, int] = {}
    for text, count in values.value_counts().items():
        counts[cells.level(text)] = counts.get(cells.level(text), 0) + count
    return counts


def spellings(values: pd.Series) -> list[str]:
    """The levels of a category, each in its most frequent spelling, sorted."""
    if len(values) <= cells.FEW:
        return spellings_of(Counter(text for text in values.tolist() if isinstance(text, str)))
    return spellings_of({str(text): int(count) for text, count in values.value_counts().items()})


def spellings_of(texts: Mapping[str, int]) -> list[str]:
    """As `spellings`, of {text: rows}."""
    counts: dict[str, int] = {}
    for text, count in texts.items():
        tidy = cells.tidy(text)
        counts[tidy] = counts.get(tidy, 0) + count
    best: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda v: (-counts[v], v)):
        best.setdefault(cells.level(spelling), spelling)
    return sorted(best.values())
