"""Columns that give the target away: equal to it, a function of it, or parts that it is the sum of.

Only what holds in (practically) every row is certain; what merely predicts very well is for the gate to suspect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

ALMOST_ALL = 0.999
MIN_ROWS = 20


def given_away(frame: pd.DataFrame, target: str, features: list[str], task: str) -> dict[str, str]:
    """{column: reason} of the features of a typed `frame` that certainly give `target` away."""
    rows = frame[frame[target].notna()]
    if len(rows) < MIN_ROWS:
        return {}
    if task == "regression":
        numeric = [c for c in features if rows[c].dtype.kind == "f"]
        return _functions(rows, target, numeric) | _parts(rows, target, numeric)
    return {c: r for c in features if (r := _renamed(rows[c], rows[target], target))}


def _renamed(column: pd.Series, target: pd.Series, name: str) -> str | None:
    """A classification's target under other names: each class has one value of its own, and each value one class."""
    both = column.notna()
    if column.nunique() > 4 * target.nunique() or both.sum() < MIN_ROWS or target[both].nunique() < target.nunique():
        return None
    table = pd.crosstab(target[both], column[both]).to_numpy()
    if table.shape[1] < table.shape[0] or both.mean() < 0.9:
        return None
    one_class, one_value = table.max(axis=0).sum() / table.sum(), table.max(axis=1).sum() / table.sum()
    # every class, the rare ones too, must have its value: in 1 % positives a constant agrees with 99 % of the rows
    distinct = len(set(table.argmax(axis=1))) == table.shape[0]
    if min(one_class, one_value) < ALMOST_ALL or not distinct or (table.max(axis=1) / table.sum(axis=1)).min() < 0.95:
        return None
    return f'gives the target away: each of its values goes with one value of "{name}"'


def _functions(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    found = {}
    for column in numeric:
        both = rows[[column, target]].dropna()
        if len(both) < MIN_ROWS or both[target].nunique() < 10 or both[column].nunique() < 0.5 * both[target].nunique():
            continue
        x, y = both[column].to_numpy(), both[target].to_numpy()
        if np.mean(np.isclose(x, y, rtol=1e-6)) > ALMOST_ALL:
            found[column] = f'gives the target away: it is "{target}" itself'
        elif abs(np.corrcoef(x, y)[0, 1] if x.std() and y.std() else 0) > 1 - 1e-8:
            found[column] = f'gives the target away: it is "{target}" in another unit'
        elif abs(_rank_correlation(x, y)) > 0.99999:
            found[column] = f'gives the target away: it rises and falls with "{target}" without exception'
    return found


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    ranks = [pd.Series(v).rank().to_numpy() for v in (x, y)]
    return float(np.corrcoef(*ranks)[0, 1])


def _parts(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    """Two columns or more whose sum or difference is the target, and pairs whose product or ratio is."""
    whole = rows[[*numeric, target]].dropna(axis=1, thresh=int(0.9 * len(rows))).dropna()
    numeric = [c for c in numeric if c in whole]
    if len(whole) < max(MIN_ROWS, 2 * len(numeric)) or len(numeric) < 2 or target not in whole:
        return {}
    whole = whole.iloc[:: max(1, len(whole) // 5_000)]
    y = whole[target].to_numpy()
    x = whole[numeric].to_numpy()
    close = max(1e-6 * np.abs(y).max(), 1e-9)
    design = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(design, y, rcond=None)[0][:-1]
    used = np.abs(weights) > 1e-6
    rounded = np.round(weights)
    fits = np.mean(np.abs(design[:, :-1] @ rounded - y) < close + 0.011 * (np.abs(y).max() > 1)) > ALMOST_ALL
    if fits and 2 <= used.sum() and np.all(np.isin(rounded[used], (-1, 1))):
        names = [c for c, u in zip(numeric, used, strict=True) if u]
        return {c: f'gives the target away: "{target}" is the sum of {_list(names)}' for c in names}
    return _pairs(x, y, numeric, target, close)


def _pairs(x: np.ndarray, y: np.ndarray, numeric: list[str], target: str, close: float) -> dict[str, str]:
    """Sums that least squares misses because other columns are made of the same parts; products and ratios."""
    head = slice(0, 200)  # cheap look first, all rows only for the few that pass
    for i in range(min(len(numeric), 60)):
        a, others = x[:, i], [j for j in range(min(len(numeric), 60)) if j != i]
        for j in others:
            b = x[:, j]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                ways = {"sum": a + b, "difference": a - b, "product": a * b, "ratio": a / b}
            for way, value in ways.items():
                if np.std(a) and np.std(b) and np.mean(np.abs(value[head] - y[head]) < close) > ALMOST_ALL:
                    if np.mean(np.abs(value - y) < close) > ALMOST_ALL:
                        names = [numeric[i], numeric[j]]
                        return {c: f'gives the target away: "{target}" is the {way} of {_list(names)}' for c in names}
    return {}


def _list(names: list[str]) -> str:
    quoted = [f'"{n}"' for n in names[:5]] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]
