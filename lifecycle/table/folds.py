"""Cross-validation folds under the same scheme as the split: by identity, by group, or forward in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lifecycle.table.contract import Contract, Identity
from lifecycle.table.rows import GROUP, ROW, keys_of, shares


class Parting:
    """A parting of rows into folds, each of them (positions of the rows to fit on, of those to score on), as one byte a row: the
    positions of five folds would take forty. `fold` of each row, int8; `numbers`: of the folds that there are; `forward`: a fold is
    fitted on the rows of lower numbers, else on all others."""

    def __init__(self, fold: np.ndarray, n_folds: int, forward: bool = False) -> None:
        self.fold, self.forward = fold.astype(np.int8), forward
        self.numbers = [k for k in range(n_folds) if self._fit_on(k).any() and (self.fold == k).any()]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, at: int) -> tuple[np.ndarray, np.ndarray]:
        number = self.numbers[at]
        return np.flatnonzero(self._fit_on(number)), np.flatnonzero(self.fold == number)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return (self[at] for at in range(len(self)))

    def _fit_on(self, number: int) -> np.ndarray:
        return self.fold < number if self.forward else self.fold != number


def scheme_of(identity: Identity, scheme: str) -> str:
    """random, group or time; `auto` is group where rows belong together."""
    if scheme != "auto":
        return scheme
    return "group" if identity.group else "random"


def fold_columns(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The columns of a clean table that say in which fold a row is."""
    names = [ROW, GROUP, *contract.names(("time",))]
    return frame[[name for name in names if name in frame]].copy()


def make_folds(
    frame: pd.DataFrame, y: np.ndarray, contract: Contract, scheme: str, n_folds: int, random_state: int
) -> Parting:
    """One fold is the last of five. Random folds are stratified by class or by the target's tenths; a class with fewer rows than
    folds is in as many folds as it has rows."""
    if n_folds == 1:
        parting = make_folds(frame, y, contract, scheme, 5, random_state)
        parting.numbers = parting.numbers[-1:]
        return parting
    if scheme == "time":
        return _forward(frame[contract.names(("time",))[0]].to_numpy(), n_folds)
    return Parting(_stratified(keys_of(frame, scheme), strata_of(y), n_folds, random_state), n_folds)


def strata_of(y: np.ndarray) -> np.ndarray:
    """Classes as they are, numbers by the tenth that they are in."""
    if y.dtype.kind in "iu":
        return y
    return np.searchsorted(np.quantile(y, np.linspace(0.1, 0.9, 9)), y)


def _stratified(keys: np.ndarray, strata: np.ndarray, n_folds: int, random_state: int) -> np.ndarray:
    """The fold of each row: things in the order of their hash, dealt out within each stratum; copies stay together."""
    codes, unique = pd.factorize(keys)
    first = np.full(len(unique), -1)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the first row of each thing decides its stratum
    stratum, drawn = strata[first], shares(unique, random_state)
    order = np.lexsort((drawn, stratum))
    fold = np.empty(len(unique), dtype=int)
    fold[order] = np.arange(len(unique)) % n_folds  # goes on from stratum to stratum, so that folds are of one size
    return fold[codes]


def moments(times: np.ndarray) -> np.ndarray:
    """Dates as microseconds, numbers (a year, a step) as they are; float64, NaN where there is none."""
    if times.dtype.kind == "M":
        return np.where(np.isnat(times), np.nan, times.astype("datetime64[us]").astype("int64").astype(float))
    return times.astype(float)


def _forward(times: np.ndarray, n_folds: int) -> Parting:
    """Fit on what came before, score on what came next; rows of one moment are never parted."""
    known = np.nan_to_num(moments(times), nan=-np.inf)  # a row without a time is fitted on
    cuts = np.sort(known)[len(known) * np.arange(1, n_folds + 1) // (n_folds + 1)]
    return Parting(np.searchsorted(cuts, known, side="right") - 1, n_folds, forward=True)
