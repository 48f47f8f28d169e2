"""Rows that were met before, by 128 bits of hash each: what is remembered of a row is 16 bytes, however wide it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lifecycle.table.conform import TextCodes

_KEY = "cookiecutter-ml."  # sixteen bytes
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_HALF = np.uint64(32)
_EMPTY = np.uint64(0x2545F4914F6CDD1D)


class Seen:
    """The rows met so far, in a few sorted runs, each at least twice as long as the next: a part is looked up in each, and
    merged with those that are no longer than it."""

    def __init__(self) -> None:
        self.runs: list[np.ndarray] = []

    def first(self, hashes: np.ndarray) -> np.ndarray:
        """Mask of the rows that are met for the first time, shape (n,), by `row_hashes` of them."""
        first = np.zeros(hashes.shape[1], dtype=bool)
        if not len(first):
            return first
        order = _order(hashes)
        ordered = hashes[:, order]
        begins = np.ones(len(order), dtype=bool)
        begins[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
        order, ordered = order[begins], ordered[:, begins]
        new = np.ones(len(order), dtype=bool)
        for run in self.runs:
            at = np.minimum(np.searchsorted(run[0], ordered[0]), run.shape[1] - 1)
            new &= (run[:, at] != ordered).any(axis=0)
        first[order[new]] = True
        self._remember(ordered[:, new])
        return first

    def _remember(self, run: np.ndarray) -> None:
        while self.runs and self.runs[-1].shape[1] <= 2 * run.shape[1]:
            both = np.concatenate([self.runs.pop(), run], axis=1)
            run = both[:, np.argsort(both[0], kind="stable")]
        if run.shape[1]:
            self.runs.append(run)


def _order(hashes: np.ndarray) -> np.ndarray:
    """By both halves; of equal rows the first one comes first. The first half alone nearly always tells the order, at half the
    cost."""
    order = np.argsort(hashes[0], kind="stable")
    first, second = hashes[:, order]
    if np.any((first[1:] == first[:-1]) & (second[1:] != second[:-1])):
        return np.lexsort(hashes[::-1])
    return order


def row_hashes(rows: pd.DataFrame, coded: Mapping[str, TextCodes] | None = None) -> np.ndarray:
    """Two hashes of each row of typed cells, uint64, shape (2, n): equal rows have equal ones, an empty cell is like another.
    `coded`: of columns of texts what is known of them, since to tell their texts apart is most of the work."""
    out = np.zeros((2, len(rows)), dtype=np.uint64)
    for name in rows.columns:
        for half, cells in enumerate(_cells(rows[name], (coded or {}).get(name))):
            out[half] ^= cells
            out[half] *= _ODD[half]
            out[half] ^= out[half] >> _HALF
    return out


def _cells(values: pd.Series, coded: TextCodes | None) -> tuple[np.ndarray, np.ndarray]:
    """The two hashes of each cell: of a number's bits, which differ where numbers do, or of a text's 64 bits. Rows that differ in
    several cells have 128 bits to differ in."""
    if values.dtype.kind in "fiubM":
        numbers = values.to_numpy()
        if values.dtype.kind == "f":
            # 0 and -0 are one number, and so is whatever is none
            numbers = np.where(np.isnan(numbers), np.nan, numbers + 0.0)
        bits = numbers.astype(numbers.dtype.newbyteorder("=")).view(f"u{numbers.dtype.itemsize}").astype(np.uint64)
        spread = (bits + _EMPTY) * _ODD[0]
        return spread ^ (spread >> _HALF), spread
    codes, distinct = coded or pd.factorize(values)
    texts = np.asarray(distinct, dtype=object)
    bits = np.append(pd.util.hash_array(texts, hash_key=_KEY, categorize=False), _EMPTY)
    bits[:-1][pd.isna(texts)] = _EMPTY
    spread = bits * _ODD[1]
    return bits[codes], (spread ^ (spread >> _HALF))[codes]
