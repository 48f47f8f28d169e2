"""Is the live data whole? Missing and unknown cells, values out of range, faults of type, copies, volume, freshness.

A column's share of faulty cells is held against the reference's by Fisher's exact test. What the reference cannot have by
construction (its own extremes are never out of its range) is counted there as if each row had been left out of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from lifecycle.monitor.batches import Live
from lifecycle.monitor.drift import more_often
from lifecycle.table.conform import used_fields

CORRUPT = 0.005  # share of cells of another type that a log may have anyway: the reference has forgotten its own


class Hits(NamedTuple):
    """`name` of the fault in `column`: `hits` of `n` live cells, `was` of `n_was` in the reference; p by chance."""

    name: str
    column: str
    hits: int
    n: int
    was: int
    n_was: int
    p: float


def count_faults(live: Live, reference: pd.DataFrame, contract: dict[str, Any]) -> list[Hits]:
    """Each kind of fault in each feature that the live batches have."""
    done = live.conformed
    n, n_was = len(live.rows), len(reference)
    empty = np.zeros(n, dtype=bool)
    out = []

    def add(name: str, column: str, mask: np.ndarray, was: int, p: float | None = None) -> None:
        hits = int(mask.sum())
        out.append(Hits(name, column, hits, n, was, n_was, more_often(was, n_was, hits, n) if p is None else p))

    for spec in used_fields(contract, ("feature",)):
        column, kind = spec["name"], spec["type"]
        if column in live.absent and len(live.absent[column]) == len(live.batches):
            continue
        values = reference[column]
        add("missing cells", column, live.rows[column].isna().to_numpy(), int(values.isna().sum()))
        corrupt = done.corrupt.get(column, empty)
        add("type faults", column, corrupt, 0, float(stats.binom.sf(corrupt.sum() - 1, n, CORRUPT)))
        if kind in ("number", "integer"):
            outside = done.out_of_range.get(column, empty)
            add("out of range", column, outside, 2 + _beyond(values, spec))
        elif kind == "string" and "enum" in spec.get("constraints", {}):
            unseen = done.unseen.get(column, empty)
            once = int((values.value_counts() == 1).sum())  # Good, Turing: so many would be unseen if left out
            add("unseen categories", column, unseen, once)
    return out


def _beyond(values: pd.Series, spec: dict) -> int:
    bounds = spec.get("constraints", {})
    if "minimum" not in bounds:
        return 0
    return int(((values < bounds["minimum"]) | (values > bounds["maximum"])).sum())


def copies(
    rows: pd.DataFrame, reference: pd.DataFrame, contract: dict[str, Any], seed: int
) -> tuple[float, float, float]:
    """(share of rows that are copies of another, the reference's, p), on samples of one size: copies grow with it."""
    names = [f["name"] for f in used_fields(contract) if f["name"] in reference and f["role"] != "target"]
    size = min(len(rows), len(reference))
    rng = np.random.default_rng(seed)
    now, was = (
        int(frame[names].iloc[rng.permutation(len(frame))[:size]].duplicated().sum()) for frame in (rows, reference)
    )
    return now / size, was / size, more_often(was, size, now, size)


def volume(batches: list[dict[str, Any]], factor: float) -> tuple[int, float | None]:
    """(rows of the newest batch, median of the earlier ones, or None where there are fewer than three)."""
    rows = [b["rows"] for b in batches]
    return rows[-1], float(np.median(rows[:-1])) if len(rows) > 3 else None


def newest(frame: pd.DataFrame, contract: dict[str, Any]) -> pd.Timestamp | None:
    """The newest time in `frame`, or None where the contract has no time column."""
    names = [f["name"] for f in used_fields(contract, ("time",))]
    if not names or not len(frame):
        return None
    found = frame[names[0]].max()
    return None if pd.isna(found) else found
