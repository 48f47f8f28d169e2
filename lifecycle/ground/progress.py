"""How far a long look at a table is, on a terminal; where nobody watches, nothing is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

One = TypeVar("One")
MANY = 500  # columns; fewer are looked at before anyone asks


def shown(items: Iterable[One], what: str, total: int | None = None, unit: str = "columns") -> Iterator[One]:
    """`items`, with a bar that says how many are done; none where there are few. `total`: None where it is not known."""
    if (total is not None and total < MANY) or not sys.stderr.isatty():
        return iter(items)
    from tqdm import tqdm

    return iter(tqdm(items, desc=what, total=total, unit=f" {unit}", leave=False, disable=None))
