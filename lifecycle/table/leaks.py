"""Columns that give the target away: equal to it, a function of it, or parts that it is the sum of.

What leaves no doubt is `given_away`, and is not used. What may be honest, such as a rule that decides the class, is
`suspected`: said aloud, and the gate in `validate` fails on it until the user says what it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

ALMOST_ALL = 0.999
MIN_ROWS = 20
CHANCE = 1e-6


def given_away(frame: pd.DataFrame, target: str, features: list[str], task: str) -> dict[str, str]:
    """{column: reason} of the features of a typed `frame` that certainly give `target` away."""
    rows = frame[frame[target].notna()]
    if len(rows) < MIN_ROWS:
        return {}
    if task == "regression":
        numeric = [c for c in features if rows[c].dtype.kind == "f"]
        return _functions(rows, target, numeric) | _parts(rows, target, numeric)
    renamed = {c: r for c in features if (r := _renamed(rows[c], rows[target], target))}
    ticks = _ticks(rows, target, features)
    # one such column may be a sharp feature; one for (nearly) every class is the target spread over columns
    spread = ticks if len(set(ticks.values())) >= max(2, rows[target].nunique() - 1) else {}
    return {c: f'gives the target away: it says whether "{target}" is "{k}"' for c, k in spread.items()} | renamed


def suspected(frame: pd.DataFrame, target: str, features: list[str], task: str) -> dict[str, str]:
    """{column: reason} of the features of a typed `frame` that tell more of `target` than one expects to be known."""
    rows = frame[frame[target].notna()]
    if len(rows) < MIN_ROWS:
        return {}
    if task == "regression":
        return _linear(rows, target, [c for c in features if rows[c].dtype.kind == "f"])
    found = {c: f'it says in every row whether "{target}" is "{k}"' for c, k in _ticks(rows, target, features).items()}
    for column in features:
        if column not in found and (
            reason := _filled_for_one(rows[column], rows[target]) or _decides(rows[column], rows[target])
        ):
            found[column] = reason
    return found


def _ticks(rows: pd.DataFrame, target: str, features: list[str]) -> dict[str, str]:
    """{column: class} where one of a column's two values goes with that class alone; for three classes or more."""
    found: dict[str, str] = {}
    classes = rows[target].value_counts()
    for column in features if len(classes) > 2 else []:
        values = rows[column]
        if values.nunique() != 2 or values.notna().mean() < 0.9:
            continue
        table = pd.crosstab(values, rows[target])
        for label in table.columns:
            row = table.index[table[label].argmax()]
            both = table.loc[row, label]
            if both >= 10 and both >= ALMOST_ALL * max(table.loc[row].sum(), table[label].sum()):
                found[column] = label
    return found


def _filled_for_one(column: pd.Series, target: pd.Series) -> str | None:
    """A column that is filled, or empty, for one class only, in more rows than chance explains."""
    absent = column.isna()
    share = target.value_counts(normalize=True)
    for mask, word in ((~absent, "filled"), (absent, "empty")):
        if mask.all() or mask.sum() < 10:
            continue
        counts = target[mask].value_counts()
        if counts.iloc[0] >= ALMOST_ALL * mask.sum() and mask.sum() * np.log(share[counts.index[0]]) < np.log(CHANCE):
            return f'it is {word} only where "{target.name}" is "{counts.index[0]}"'
    return None


def _decides(column: pd.Series, target: pd.Series) -> str | None:
    """A column each of whose values has one class, or that lines the classes up one after the other."""
    both = column.notna()
    x, y = column[both], target[both]
    if len(x) < MIN_ROWS or y.nunique() < target.nunique() or both.mean() < 0.9:
        return None
    if x.dtype.kind in "fM" and x.nunique() > 2 * y.nunique():
        codes = pd.factorize(y)[0][np.argsort(x.to_numpy(), kind="stable")]
        runs = 1 + int((np.diff(codes) != 0).sum())
        return f'its order decides "{target.name}" in every row' if runs == y.nunique() else None
    if x.nunique() > len(x) / 10:
        return None  # too few rows a value to tell
    table = pd.crosstab(x, y).to_numpy()
    right = np.where(table == table.max(axis=1, keepdims=True), table, 0)
    # of every class, the rare ones too: among 0.1 % positives any column is right in nearly all rows
    sure = right.sum() >= ALMOST_ALL * len(x) and (right.sum(axis=0) >= 0.95 * table.sum(axis=0)).all()
    return f'each of its values has one value of "{target.name}"' if sure else None


def _linear(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    """Columns of which the target is a weighted sum, exactly but for rounding."""
    whole = rows[[*numeric, target]].dropna(axis=1, thresh=int(0.9 * len(rows))).dropna()
    numeric = [c for c in numeric if c in whole and whole[c].std() > 0]
    if (
        len(whole) < max(MIN_ROWS, 5 * len(numeric))
        or not numeric
        or target not in whole
        or not whole[target].std() > 0
    ):
        return {}
    whole = whole.iloc[:: max(1, len(whole) // 5_000)]
    x = ((whole[numeric] - whole[numeric].mean()) / whole[numeric].std()).to_numpy()
    y = ((whole[target] - whole[target].mean()) / whole[target].std()).to_numpy()
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    if np.mean((x @ weights - y) ** 2) > 1e-6:
        return {}
    names = [c for c, w in zip(numeric, weights, strict=True) if abs(w) > 1e-3]
    return {
        c: f'"{target}" is a weighted sum of {_list(names) if len(names) > 1 else "it"}, exact but for rounding'
        for c in names
    }


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
        way = "sum" if (rounded[used] > 0).all() else "difference"
        return {c: f'gives the target away: "{target}" is the {way} of {_list(names)}' for c in names}
    rounding = next((0.51 * 10.0**-d for d in range(4) if np.allclose(y, np.round(y, d), rtol=0, atol=1e-9)), 0.0)
    return _pairs(x, y, numeric, target, max(close, rounding if rounding < 0.02 * y.std() else 0.0))


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
