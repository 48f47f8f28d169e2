"""Cross-validation folds under the same scheme as the split: by identity, by group, or forward in time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle.table.contract import Contract, Identity
from lifecycle.table.rows import GROUP, ROW, keys_of, shares


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
) -> list[tuple[np.ndarray, np.ndarray]]:
    """[(rows to fit on, rows to score on), ...] as positions; one fold is the last of five. Random folds are stratified by class or by the
    target's tenths; a class with fewer rows than folds is in as many folds as it has rows."""
    if n_folds == 1:
        return make_folds(frame, y, contract, scheme, 5, random_state)[-1:]
    if scheme == "time":
        return _forward(frame[contract.names(("time",))[0]].to_numpy(), n_folds)
    fold = _stratified(keys_of(frame, scheme), strata_of(y), n_folds, random_state)
    everything = np.arange(len(frame))
    pairs = [(everything[fold != k], everything[fold == k]) for k in range(n_folds)]
    return [(fit, held) for fit, held in pairs if len(fit) and len(held)]


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


def _forward(times: np.ndarray, n_folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fit on what came before, score on what came next; rows of one moment are never parted."""
    known = np.nan_to_num(moments(times), nan=-np.inf)  # a row without a time is fitted on
    order = np.argsort(known, kind="stable")
    cuts = [known[order[len(order) * (k + 1) // (n_folds + 1)]] for k in range(n_folds)] + [None]
    pairs = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        held = (known >= start) & ((known < end) if end is not None else True)
        fit = known < start
        if fit.any() and held.any():
            pairs.append((np.flatnonzero(fit), np.flatnonzero(held)))
    return pairs
