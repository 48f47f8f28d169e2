"""Faults counted: missing and unknown cells, values out of range, faults of type, copies, and how many rows a batch has.

A column's share of faulty cells is held against the reference's by Fisher's exact test. What the reference cannot have by
construction (its own extremes are never out of its range) is counted there as if each row had been left out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from lifecycle.monitor.batches import Batch, Live
from lifecycle.monitor.two_samples import more_often
from lifecycle.table.contract import Contract, Field

Moment = Any  # a Timestamp, or a number (a year, a step); two of one column can be compared
CORRUPT = 0.005  # share of cells of another type that a log may have anyway: the reference has forgotten its own


class Hits(NamedTuple):
    """`name` of the fault in `column`: `hits` of `n` live cells, `before` of `n_before` in the reference; p by chance."""

    name: str
    column: str
    hits: int
    n: int
    before: int
    n_before: int
    p: float


def count_faults(live: Live, reference: pd.DataFrame, contract: Contract) -> list[Hits]:
    """Each kind of fault in each feature that some live batch has."""
    out = []
    for field in contract.used(("feature",)):
        if len(live.absent.get(field.name, [])) == len(live.batches):
            continue
        out += list(_of_column(field, live, reference[field.name]))
    return out


def _of_column(field: Field, live: Live, before: pd.Series) -> Iterator[Hits]:
    n, n_before = len(live.rows), len(before)

    def against(name: str, mask: np.ndarray, hits_before: int) -> Hits:
        hits = int(mask.sum())
        return Hits(name, field.name, hits, n, hits_before, n_before, more_often(hits_before, n_before, hits, n))

    def mask_of(masks: dict[str, np.ndarray]) -> np.ndarray:
        return masks.get(field.name, np.zeros(n, dtype=bool))

    found = live.conformed
    yield against("missing cells", live.rows[field.name].isna().to_numpy(), int(before.isna().sum()))
    corrupt = int(mask_of(found.corrupt).sum())
    by_chance = float(stats.binom.sf(corrupt - 1, n, CORRUPT))
    yield Hits("type faults", field.name, corrupt, n, 0, n_before, by_chance)
    if field.is_number:
        # two more than it has: its own smallest and largest, each left out
        yield against("out of range", mask_of(found.out_of_range), 2 + _beyond(before, field))
    elif field.type == "string" and field.levels:
        once = int((before.value_counts() == 1).sum())  # Good, Turing: so many would be unseen if left out
        yield against("unseen categories", mask_of(found.unseen), once)


def _beyond(values: pd.Series, field: Field) -> int:
    if field.minimum is None:
        return 0
    return int(((values < field.minimum) | (values > field.maximum)).sum())


def copies(
    rows: pd.DataFrame, reference: pd.DataFrame, contract: Contract, random_state: int
) -> tuple[float, float, float]:
    """(share of rows that are copies of another, the reference's, p), on samples of one size: copies grow with it."""
    names = [f.name for f in contract.used() if f.name in reference and f.role != "target"]
    size = min(len(rows), len(reference))
    rng = np.random.default_rng(random_state)
    counts = []
    for frame in (rows, reference):
        sample = frame[names].iloc[rng.permutation(len(frame))[:size]]
        counts.append(int(sample.duplicated().sum()))
    now, before = counts
    return now / size, before / size, more_often(before, size, now, size)


def usual_rows(batches: Sequence[Batch]) -> float | None:
    """The median of the batches before the newest, None where there are fewer than three."""
    earlier = [batch.rows for batch in batches[:-1]]
    return float(np.median(earlier)) if len(earlier) >= 3 else None


def newest(frame: pd.DataFrame, contract: Contract) -> Moment | None:
    """The newest time in `frame`, None where the contract has no time column."""
    if contract.time is None or not len(frame):
        return None
    found = frame[contract.time.name].max()
    return None if pd.isna(found) else found
