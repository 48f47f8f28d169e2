"""Shape: how much of what a family has to fit, from which its work, size and latency are estimated before any fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

# of a column of that kind
COLUMNS = {"text": 18, "date": 4, "time": 3, "time of year": 4, "time passed": 5, "time to come": 5}
WIDE = {"text": 18, "date": 7, "time": 6, "time of year": 27, "time passed": 28, "time to come": 28}


class Shape(NamedTuple):
    """Of the rows one fit sees: `columns` of the tree encoding, `wide` of the linear one, `outputs` classes or 1."""

    rows: int
    columns: int
    wide: int
    outputs: int
    regression: bool


def shape_of(kinds: dict[str, str], rows: Mapping[str, Any], n_classes: int) -> Shape:
    """The size of what the encoders will make of the columns, near enough to plan with."""
    n = len(next(iter(rows.values())))
    columns = wide = 0
    for column, kind in kinds.items():
        levels = len(set(rows[column][:20_000])) if kind == "category" else 0
        columns += COLUMNS.get(kind, 2 if levels > 8 else 1)
        wide += WIDE.get(kind, min(levels, 60) or 1)
    return Shape(n, columns, wide, n_classes or 1, not n_classes)
