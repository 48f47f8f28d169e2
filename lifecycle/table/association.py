"""How far two columns say the same thing: one figure from 0 to 1 for columns of any kind. numpy and pandas only.

Two numbers: Spearman's rank correlation, without its sign. Two categories: Cramér's V, corrected for chance (Bergsma 2013). A
category and a number: the correlation ratio of the number's ranks (eta), corrected likewise.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

Array = np.ndarray
ROWS = 5_000  # that are looked at
LEVELS = 60  # of a category; one of more says hardly what another does
ALIKE = 0.9
LEAST = 30  # rows where both are filled


class Pair(NamedTuple):
    a: str
    b: str
    strength: float


PAIRED = 200  # columns of which each pair is looked at


class Coded(NamedTuple):
    """A column as ranks (a number) or codes (a category), NaN or -1 where it is missing."""

    values: Array
    is_number: bool


def coded(column: pd.Series) -> Coded | None:
    """None where it is text of too many values, or constant."""
    numbers = _numbers(column)
    if numbers is not None:
        ranks, distinct = _ranks(numbers)
        if distinct > 2:
            return Coded(ranks, True)
    codes, levels = pd.factorize(column if numbers is None else numbers)
    if not 2 <= len(levels) <= LEVELS:
        return None
    return Coded(codes, False)


def _numbers(column: pd.Series) -> Array | None:
    """As floats, moments too; None of texts."""
    if column.dtype.kind == "M":
        moments = column.to_numpy()
        return np.where(np.isnat(moments), np.nan, moments.astype("int64"))
    return column.to_numpy(dtype=float) if column.dtype.kind in "fiub" else None


def _ranks(values: Array) -> tuple[Array, int]:
    """(ranks from 1, equal values sharing the mean of theirs and NaN where there is none; how many values differ)."""
    out = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    distinct, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    out[known] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return out, len(distinct)


def association(a: Coded, b: Coded) -> float:
    """Their strength, on the rows where both are filled; 0 where these are few."""
    known = _filled(a) & _filled(b)
    if known.sum() < LEAST:
        return 0.0
    x, y = a.values[known], b.values[known]
    if a.is_number and b.is_number:
        return abs(_correlation(x, y))
    if a.is_number:
        return _eta(y.astype(int), x)
    if b.is_number:
        return _eta(x.astype(int), y)
    return _cramer(x.astype(int), y.astype(int))


def _filled(one: Coded) -> Array:
    return np.isfinite(one.values) if one.is_number else one.values >= 0


def _correlation(x: Array, y: Array) -> float:
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size > 0 else 0.0


def _eta(codes: Array, values: Array) -> float:
    counts = np.bincount(codes)
    means = np.bincount(codes, values)[counts > 0] / counts[counts > 0]
    total = ((values - values.mean()) ** 2).sum()
    n, k = len(values), len(means)
    if not total > 0 or n <= k:
        return 0.0
    between = float((counts[counts > 0] * (means - values.mean()) ** 2).sum() / total)
    corrected = 1 - (1 - between) * (n - 1) / (n - k)
    return float(np.sqrt(max(corrected, 0.0)))


def _cramer(x: Array, y: Array) -> float:
    table = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(table, (x, y), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, k) = table.sum(), table.shape
    if min(r, k) < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = float(((table - expected) ** 2 / expected).sum() / n)
    phi = max(0.0, phi - (r - 1) * (k - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(phi / smaller))) if smaller > 0 else 0.0


def all_coded(frame: pd.DataFrame, columns: list[str]) -> dict[str, Coded]:
    """Of some rows, evenly among all."""
    if len(frame) > ROWS:
        frame = frame.iloc[np.linspace(0, len(frame) - 1, ROWS).astype(int)]
    found = {column: coded(frame[column]) for column in columns}
    return {column: one for column, one in found.items() if one is not None}


def alike(frame: pd.DataFrame, columns: list[str], least: float = ALIKE) -> list[Pair]:
    """Pairs of columns that say the same thing, the closest first; of a wide table, pairs of its first `PAIRED` columns, since
    all of them would take longer than everything else together."""
    ready = all_coded(frame, columns[:PAIRED])
    unlike = _unlike(ready, least)
    pairs = [Pair(a, b, association(ready[a], ready[b])) for a, b in combinations(ready, 2) if (a, b) not in unlike]
    return sorted([pair for pair in pairs if pair.strength >= least], key=lambda pair: -pair.strength)


def _unlike(ready: dict[str, Coded], least: float) -> set[tuple[str, str]]:
    """Pairs of numbers that are filled in each row and surely less than `least` alike: all correlations in one product."""
    full = [name for name, one in ready.items() if one.is_number and np.isfinite(one.values).all()]
    if len(full) < 2:
        return set()
    ranks = np.array([ready[name].values for name in full])
    ranks -= ranks.mean(axis=1, keepdims=True)
    ranks /= np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    low = np.abs(ranks @ ranks.T) < least - 1e-6
    return {(full[i], full[j]) for i, j in np.argwhere(np.triu(low, 1)).tolist()}
