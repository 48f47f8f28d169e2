"""Cells that are filled, and the levels of a category with their spellings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lifecycle.table import cells


def filled_cells(values: pd.Series, field: Any) -> pd.Series:
    """The cells that are neither missing nor garbled."""
    gone = cells.is_token(values, field["missingValues"]) | cells.is_garbled(values)
    return values[~gone] if gone.any() else values


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
    return spellings_of({str(text): int(count) for text, count in values.value_counts().items()})


def spellings_of(texts: Mapping[str, int]) -> list[str]:
    """As `spellings`, of {text: rows}."""
    counts: dict[str, int] = {}
    for text, count in texts.items():
        counts[cells.tidy(text)] = counts.get(cells.tidy(text), 0) + count
    best: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda v: (-counts[v], v)):
        best.setdefault(cells.level(spelling), spelling)
    return sorted(best.values())
