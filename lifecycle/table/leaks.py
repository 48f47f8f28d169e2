"""Columns that give the target away: equal to it, a function of it, parts that it is the sum of, or filled in after it.

What leaves no doubt is `given_away`, and is not used. What may be honest, such as a rule that decides the class, is
`suspected`: said aloud, and the gate in `validate` fails on it until the user says what it is.

After each leak that is found, its twins are looked for: a table that was written after the event says so in more than one
column, and a sum has other parts once one of them is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

Coded = tuple[np.ndarray, Any]  # a code for each row, -1 where it is missing, and the different values
ALMOST_ALL = 0.999
MIN_ROWS = 20
MIN_LEVEL = 10  # rows of a level
CHANCE = 1e-6
LUCK = 1e-3  # a level whose rows are of one class with this chance says nothing by itself
UNPROVEN = 0.003  # share of the rows in such levels, beyond which a column may be a strong feature, right in 98 of 100
TWIN = 0.98  # share of the rows in which two columns say the same
TWIN_SIDE = 0.8  # the same share among the rows in which one of them says the rarer thing
PASSES = 5
MAX_PAIRED = 60  # columns whose pairs are tried
ROWS = 5_000  # looked at for a formula
NEARLY = 0.96  # share of the target's variance that a near sum explains
PART = 0.9  # what a part of a sum leaves of the deviations, at most
MAX_PARTS = 8
MAX_DATES = 8  # columns of dates whose pairs are tried


def given_away(frame: pd.DataFrame, target: str, features: list[str], task: str) -> dict[str, str]:
    """{column: reason} of the features of a typed `frame` that certainly give `target` away."""
    rows = frame[frame[target].notna()]
    if len(rows) < MIN_ROWS:
        return {}
    if task == "regression":
        numeric = [c for c in features if rows[c].dtype.kind == "f"]
        found = _again_and_again(lambda left: _functions(rows, target, left) or _parts(rows, target, left), numeric)
        return found | _time_between(rows, target, [c for c in features if rows[c].dtype.kind == "M"])
    classes = _Classes(rows[target])
    renamed = {c: r for c in features if (r := _renamed(rows[c], classes))}
    ticks = _ticks(rows, classes, features)
    # one such column may be a sharp feature; one for (nearly) every class is the target spread over columns
    spread = ticks if len(set(ticks.values())) >= max(2, len(classes.labels) - 1) else {}
    return {c: f'gives the target away: it says whether "{target}" is "{k}"' for c, k in spread.items()} | renamed


def suspected(frame: pd.DataFrame, target: str, features: list[str], task: str) -> dict[str, str]:
    """{column: reason} of the features of a typed `frame` that tell more of `target` than one expects to be known."""
    rows = frame[frame[target].notna()]
    if len(rows) < MIN_ROWS:
        return {}
    if task == "regression":
        numeric = [c for c in features if rows[c].dtype.kind == "f"]
        found = _again_and_again(lambda left: _linear(rows, target, left), numeric)
        found |= (_nearly(rows, target, numeric) if not found else {}) | _where_mostly_one(rows, target, features)
        return _bands(rows, target, [c for c in features if c not in found]) | found
    classes = _Classes(rows[target])
    found = {c: f'it says in every row whether "{target}" is "{k}"' for c, k in _ticks(rows, classes, features).items()}
    for column in features:
        values = rows[column]
        coded = _coded(values)
        reason = _of_one_class(values, classes, coded) or _decides(values, classes, coded)
        if reason and column not in found:
            found[column] = reason
    found |= _which_is_first(rows, classes, [c for c in features if rows[c].dtype.kind == "M" and c not in found])
    return found | _twins(rows, found, [c for c in features if c not in found], classes)


def _where_mostly_one(rows: pd.DataFrame, target: str, features: list[str]) -> dict[str, str]:
    """For a number that is mostly one, such as a claim of 0: columns that are filled only where it is that, or is not."""
    y = rows[target]
    usual = y.mode().iloc[0]
    if not 0.1 <= (y == usual).mean() <= 0.9:
        return {}
    is_usual = (y == usual).map({True: _plain(float(usual)), False: f"not {_plain(float(usual))}"})
    classes = _Classes(is_usual.rename(target))
    found = {c: r for c in features if (r := _of_one_class(rows[c], classes))}
    return found | _twins(rows, found, [c for c in features if c not in found], classes)


MOST_BANDS = 20
WITHIN = 0.1  # of the narrower of two bands, what may lie between them


def _bands(rows: pd.DataFrame, target: str, features: list[str]) -> dict[str, str]:
    """None where the number grows from row to row: each month of a sum that runs on has a range of its own."""
    y = rows[target]
    if y.is_monotonic_increasing or y.is_monotonic_decreasing:
        return {}
    return {c: r for c in features if rows[c].dtype.kind != "M" and (r := _bands_of(rows[c], y))}


def _bands_of(column: pd.Series, y: pd.Series) -> str:
    """Levels that part a number's range among them without a gap, as low, middle and high do: they were made of it. Mice and
    elephants differ in weight too, and leave a wide gap."""
    codes, values = pd.factorize(column)
    known = codes >= 0
    if not 2 <= len(values) <= MOST_BANDS or known.mean() < 0.9 or known.sum() < 50:
        return ""
    numbers, codes = y.to_numpy(float)[known], codes[known]
    if np.bincount(codes).min() < 5 or len(np.unique(numbers)) < 30:
        return ""
    low, high = np.full(len(values), np.inf), np.full(len(values), -np.inf)
    np.minimum.at(low, codes, numbers)
    np.maximum.at(high, codes, numbers)
    order = np.argsort(low)
    low, high = low[order], high[order]
    gaps, widths = low[1:] - high[:-1], high - low
    if (gaps < 0).any() or (gaps > WITHIN * np.minimum(widths[1:], widths[:-1])).any():
        return ""
    return f'each of its values has a range of "{y.name}" of its own'


def _again_and_again(look: Callable[[list[str]], dict[str, str]], columns: list[str]) -> dict[str, str]:
    """What `look` finds among the columns, then among those that are left, until it finds nothing more."""
    found: dict[str, str] = {}
    for _ in range(PASSES):
        more = look([c for c in columns if c not in found])
        if not more:
            break
        found |= more
    return found


# ---- classes -------------------------------------------------------------------------------------------------


class _Classes:
    """A classification's target: its name, a code for each row, labels and their shares."""

    def __init__(self, target: pd.Series) -> None:
        self.name = str(target.name)
        self.codes, self.labels = pd.factorize(target)
        self.counts = np.bincount(self.codes, minlength=len(self.labels))
        self.share = self.counts / len(self.codes)


def _coded(column: pd.Series) -> Coded:
    """Numbers as numpy has them: of a wide table, an index of each column's values would cost more than the column."""
    return pd.factorize(column.to_numpy() if column.dtype.kind == "f" else column)


def _table(codes: np.ndarray, classes: _Classes, n_values: int) -> np.ndarray:
    """Rows of each value and class, shape (values, classes); a code of -1 is left out."""
    known = codes >= 0
    flat = codes[known] * len(classes.labels) + classes.codes[known]
    return np.bincount(flat, minlength=n_values * len(classes.labels)).reshape(n_values, len(classes.labels))


def _ticks(rows: pd.DataFrame, classes: _Classes, features: list[str]) -> dict[str, str]:
    """{column: class} where one of a column's two values goes with that class alone; for three classes or more."""
    found: dict[str, str] = {}
    for column in features if len(classes.labels) > 2 else []:
        codes, values = pd.factorize(rows[column])
        if len(values) != 2 or np.mean(codes >= 0) < 0.9:
            continue
        table = _table(codes, classes, 2)
        for k, label in enumerate(classes.labels):
            row = table[:, k].argmax()
            both = table[row, k]
            if both >= MIN_LEVEL and both >= ALMOST_ALL * max(table[row].sum(), table[:, k].sum()):
                found[column] = label
    return found


def _marks(column: pd.Series, coded: Coded | None = None) -> Iterator[tuple[np.ndarray, str]]:
    """(mask, what it says) of the ways in which a column may be written after the event: whether it is filled, and the
    levels that many rows share, such as "staying", or 0 in a count of days."""
    codes, values = coded or _coded(column)
    filled = codes >= 0
    if not filled.all() and filled.any():
        yield filled, "filled"
        yield ~filled, "empty"
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    if len(values) < 2 or (len(values) == 2 and filled.all() and column.dtype.kind == "f"):
        return  # a flag is a feature: the classes are told apart by `_renamed` and `_decides`
    for k in np.argsort(-counts, kind="stable")[:20]:
        share = counts[k] / len(codes)
        if counts[k] < MIN_LEVEL:
            return  # and so have all that follow
        if column.dtype.kind != "f" or share > 0.1:
            yield codes == k, f'"{_plain(values[k])}"'


def _of_one_class(column: pd.Series, classes: _Classes, coded: Coded | None = None) -> str:
    """Filled, empty or of one level for one class only, in more rows than chance explains.

    A level must be met in (nearly) all rows of its class as well: the smell of a mushroom is pure, and a feature.
    """
    for mask, word in _marks(column, coded):
        if mask.sum() < MIN_LEVEL or mask.all():
            continue
        k = _class_of(mask, word, classes)
        if k is None or (word not in ("filled", "empty") and _is_pure_by_luck(column, classes)):
            continue
        return f'it is {word} only where "{classes.name}" is "{classes.labels[k]}"'
    return ""


def _class_of(mask: np.ndarray, word: str, classes: _Classes) -> int | None:
    """The one class of the rows of a mark; None where they have several, or where chance makes them of one."""
    size = mask.sum()
    counts = np.bincount(classes.codes[mask], minlength=len(classes.labels))
    k = int(counts.argmax())
    pure = counts[k] >= ALMOST_ALL * size and size * np.log(classes.share[k]) < np.log(CHANCE)
    if pure and (word in ("filled", "empty") or counts[k] >= ALMOST_ALL * classes.counts[k]):
        return k
    return None


def _tells(mask: np.ndarray, word: str, classes: _Classes) -> bool:
    """Whether the rows of a mark, or all others, are of one class: of a fraud's amounts each is another one, and only 0 is a mark."""
    return _class_of(mask, word, classes) is not None or _class_of(~mask, "filled", classes) is not None


def _is_pure_by_luck(column: pd.Series, classes: _Classes) -> bool:
    """Whether the column would tell the classes apart in 98 of 100 rows, and the few others happen to be of one class.

    With two or more levels that are beyond luck on one side of another one (why somebody left, beside "staying"), it was
    written after the event, whatever its rare levels say."""
    codes, values = pd.factorize(column)
    table = _table(codes, classes, len(values))
    unproven = _unproven(table, classes)
    if table[unproven].sum() <= UNPROVEN * table.sum():
        return False
    sides = np.bincount(table[~unproven].argmax(axis=1), minlength=len(classes.labels))
    return bool(sides.max() < 2)


def _unproven(table: np.ndarray, classes: _Classes) -> np.ndarray:
    """Mask of the levels that have so few rows that chance makes them of one class; none, where they are too many for that
    together. `table`: as `_table` has it."""
    log_chance = table.sum(axis=1) * np.log(classes.share[table.argmax(axis=1)])
    few = log_chance > np.log(LUCK)
    if log_chance[few].sum() < np.log(CHANCE):
        return np.zeros(len(table), dtype=bool)
    return few


def _twins(rows: pd.DataFrame, found: dict[str, str], left: list[str], classes: _Classes) -> dict[str, str]:
    """The columns that are filled, empty or of one level where a column that was found says which class it is, or is not."""
    twins = {}
    known = [(c, mask) for c in found for mask, word in _marks(rows[c]) if _tells(mask, word, classes)]
    known = [(c, mask) for c, mask in known if MIN_LEVEL <= mask.sum() <= len(rows) - MIN_LEVEL]
    for column in left if known else []:
        for mask, word in _marks(rows[column]):
            other = next((c for c, m in known if _say_the_same(m, mask)), "")
            if other and MIN_LEVEL <= mask.sum() <= len(rows) - MIN_LEVEL:
                twins[column] = f'it is {word} where "{other}" says the same, and "{other}" {_they(found[other])}'
                break
    return twins


def _say_the_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two marks are met in the same rows, or one where the other is not; what is rare agrees nearly everywhere by
    being absent, so the rows of the rarer side count by themselves."""
    if np.mean(one == other) < TWIN:
        other = ~other
    if np.mean(one == other) < TWIN:
        return False
    if one.mean() > 0.5:
        one, other = ~one, ~other
    return bool((one & other).sum() >= TWIN_SIDE * (one | other).sum())


def _they(reason: str) -> str:
    return reason.removeprefix("it ")


def _decides(column: pd.Series, classes: _Classes, coded: Coded) -> str:
    """A column each of whose values has one class, or that lines the classes up one after the other."""
    both = coded[0] >= 0
    y = classes.codes[both]
    present = np.count_nonzero(np.bincount(y))
    if len(y) < MIN_ROWS or present < len(classes.labels) or len(y) / len(both) < 0.9:
        return ""
    values = len(coded[1])
    if column.dtype.kind in "fM" and values > 2 * present:
        ordered = y[np.argsort(column.to_numpy()[both], kind="stable")]
        runs = 1 + int((np.diff(ordered) != 0).sum())
        return f'its order decides "{classes.name}" in every row' if runs == present else ""
    if values > len(y) / 10:
        return ""  # too few rows a value to tell
    table = _table(coded[0], classes, values)
    right = np.zeros_like(table)
    usual = table.argmax(axis=1)  # one class a value, also where two are met as often
    right[np.arange(len(table)), usual] = table.max(axis=1)
    if table[_unproven(table, classes)].sum() > UNPROVEN * len(y):
        return ""  # right in 98 of 100 rows, and lucky in the others
    # of every class, the rare ones too: among 0.1 % positives any column is right in nearly all rows
    sure = right.sum() >= ALMOST_ALL * len(y) and (right.sum(axis=0) >= 0.95 * table.sum(axis=0)).all()
    return f'each of its values has one value of "{classes.name}"' if sure else ""


def _which_is_first(rows: pd.DataFrame, classes: _Classes, dated: list[str]) -> dict[str, str]:
    """The later of two dates, where a class is that it is after the other one: delivered, and due."""
    if len(classes.labels) > 2:
        return {}
    for begin, end in permutations(dated[:MAX_DATES], 2):
        both = (rows[begin].notna() & rows[end].notna()).to_numpy(bool)
        if both.mean() < 0.9:
            continue
        after = (rows[end] > rows[begin]).to_numpy(bool)
        k = _class_of(after & both, "filled", classes)
        if k is None or _class_of(~after & both, "filled", classes) in (None, k):
            continue
        return {end: f'it is after "{begin}" only where "{classes.name}" is "{classes.labels[k]}"'}
    return {}


def _renamed(column: pd.Series, classes: _Classes) -> str:
    """A classification's target under other names: each class has one value of its own, and each value one class."""
    codes, values = _coded(column)
    both = codes >= 0
    if len(values) > 4 * len(classes.labels) or both.sum() < MIN_ROWS or both.mean() < 0.9:
        return ""
    table = _table(codes, classes, len(values)).T
    if len(values) < len(classes.labels) or not table.sum(axis=1).all():
        return ""
    one_class, one_value = table.max(axis=0).sum() / table.sum(), table.max(axis=1).sum() / table.sum()
    # every class, the rare ones too, must have its value: in 1 % positives a constant agrees with 99 % of the rows
    distinct = len(set(table.argmax(axis=1))) == table.shape[0]
    if min(one_class, one_value) < ALMOST_ALL or not distinct or (table.max(axis=1) / table.sum(axis=1)).min() < 0.95:
        return ""
    return f'gives the target away: each of its values goes with one value of "{classes.name}"'


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# ---- numbers -------------------------------------------------------------------------------------------------


def _whole(rows: pd.DataFrame, target: str, numeric: list[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """(columns, their numbers, the target) in the rows in which all are filled, of the columns that mostly are."""
    used = [c for c in numeric if rows[c].notna().mean() >= 0.9]
    whole = rows[[*used, target]].dropna()
    whole = whole.iloc[:: max(1, len(whole) // ROWS)]
    x, y = whole[used].to_numpy(float), whole[target].to_numpy(float)
    varied = x.std(axis=0) > 0 if len(x) else np.zeros(len(used), dtype=bool)
    return [c for c, v in zip(used, varied, strict=True) if v], x[:, varied], y


def _linear(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    """Columns of which the target is a weighted sum, exactly but for rounding."""
    names, x, y = _whole(rows, target, numeric)
    if len(y) < max(MIN_ROWS, 5 * len(names)) or not names or not y.std() > 0:
        return {}
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    if np.mean((x @ weights - y) ** 2) > 1e-6:
        return {}
    used = [c for c, w in zip(names, weights, strict=True) if abs(w) > 1e-3]
    way = f"a weighted sum of {_list(used)}" if len(used) > 1 else "it, up to a factor"
    return dict.fromkeys(used, f'"{target}" is {way}, exact but for rounding')


def _nearly(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    """Two columns or more whose plain sum or difference is nearly the target: a bill's total less its other parts.

    Plainly, with the weights 1 and -1, as no honest measures add up but by chance; least squares would spread the weight
    over whatever is near the target.
    """
    names, x, y = _whole(rows, target, numeric)
    if len(y) < 50 or len(names) < 2 or not y.std() > 0:
        return {}
    rest = y
    taken: dict[int, int] = {}
    few = slice(None, None, max(1, len(y) // 1000))
    while len(taken) < MAX_PARTS:
        # a few odd rows must not hide the rule: deviations from the median, not their squares
        free = [k for k in range(len(names)) if k not in taken]
        if not free:
            break
        sums = np.hstack([rest[few, None] - x[few][:, free], rest[few, None] + x[few][:, free]])
        best = int(_spread(sums).argmin())
        k, sign = free[best % len(free)], 1 if best < len(free) else -1
        if _spread(rest - sign * x[:, k]) > PART * _spread(rest):
            break
        taken[k] = sign
        rest = rest - sign * x[:, k]
    if len(taken) < 2 or np.var(rest) > (1 - NEARLY) * np.var(y):
        return {}
    way = " ".join(f'{"+" if sign > 0 else "-"} "{names[k]}"' for k, sign in taken.items()).removeprefix("+ ")
    return {names[k]: f'"{target}" is nearly {way}' for k in taken}


def _spread(values: np.ndarray) -> np.ndarray:
    """The mean distance from the median, of each column."""
    return np.mean(np.abs(values - np.median(values, axis=0)), axis=0)


def _fit(x: np.ndarray, y: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(weights, residuals of all rows) of the least squares of the rows that are kept."""
    design = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(design[kept], y[kept], rcond=None)[0]
    return weights[:-1], y - design @ weights


def _functions(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    """Columns that are the target, or rise and fall with it."""
    found = {}
    every = rows[target].to_numpy(float)
    for column in numeric:
        values = rows[column].to_numpy(float)
        both = ~np.isnan(values)
        x, y = values[both], every[both]
        head = slice(None, None, max(1, len(x) // 200))
        if len(x) < MIN_ROWS or abs(_rank_correlation(x[head], y[head])) < 0.99:
            continue  # a cheap look first
        distinct = len(np.unique(y))
        if distinct < 10 or len(np.unique(x)) < 0.5 * distinct:
            continue
        if np.mean(np.isclose(x, y, rtol=1e-6)) > ALMOST_ALL:
            found[column] = f'gives the target away: it is "{target}" itself'
        elif abs(np.corrcoef(x, y)[0, 1]) > 1 - 1e-8:
            found[column] = f'gives the target away: it is "{target}" in another unit'
        elif abs(_rank_correlation(x, y)) > 0.99999:
            found[column] = f'gives the target away: it rises and falls with "{target}" without exception'
    return found


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 2 or x.min() == x.max() or y.min() == y.max():
        return 0.0
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts + 1) / 2)[place]


def _parts(rows: pd.DataFrame, target: str, numeric: list[str]) -> dict[str, str]:
    """Two columns or more whose sum or difference is the target, or whose product or ratio is."""
    names, x, y = _whole(rows, target, numeric)
    if len(y) < max(MIN_ROWS, 2 * len(names)) or len(names) < 2:
        return {}
    close = max(1e-6 * np.abs(y).max(), 1e-9)
    weights, _ = _fit(x, y, np.ones(len(y), dtype=bool))
    used = np.abs(weights) > 1e-6
    rounded = np.round(weights)
    shift = np.median(y - x @ rounded)
    fits = np.mean(np.abs(y - x @ rounded - shift) < close + 0.011 * (np.abs(y).max() > 1)) > ALMOST_ALL
    if fits and 2 <= used.sum() and np.all(np.isin(rounded[used], (-1, 1))):
        found = [c for c, u in zip(names, used, strict=True) if u]
        way = "sum" if (rounded[used] > 0).all() else "difference"
        return {c: f'gives the target away: "{target}" is the {way} of {_list(found)}' for c in found}
    rounding = next((0.51 * 10.0**-d for d in range(4) if np.allclose(y, np.round(y, d), rtol=0, atol=1e-9)), 0.0)
    close = max(close, rounding if rounding < 0.02 * y.std() else 0.0)
    return _pairs(x, y, names, target, close) or _product(x, y, names, target, close)


def _pairs(x: np.ndarray, y: np.ndarray, numeric: list[str], target: str, close: float) -> dict[str, str]:
    """Sums that least squares misses because other columns are made of the same parts; products and ratios."""
    head = slice(0, 200)  # cheap look first, all rows only for the few that pass
    for i in range(min(len(numeric), MAX_PAIRED)):
        a = x[:, i]
        for j in range(min(len(numeric), MAX_PAIRED)):
            if i == j:
                continue
            b = x[:, j]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                ways = {"sum": a + b, "difference": a - b, "product": a * b, "ratio": a / b}
            for way, value in ways.items():
                if way in ("product", "ratio"):
                    value = _in_unit_of(y[head], value, head)
                if np.mean(np.abs(value[head] - y[head]) < close) <= ALMOST_ALL:
                    continue
                if np.mean(np.abs(value - y) < close) > ALMOST_ALL:
                    names = [numeric[i], numeric[j]]
                    return {c: f'gives the target away: "{target}" is the {way} of {_list(names)}' for c in names}
    return {}


SPANS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86_400.0, "weeks": 604_800.0}


def _time_between(rows: pd.DataFrame, target: str, dated: list[str]) -> dict[str, str]:
    """The later of two dates, where the target is the time between them: the earlier one may well be known."""
    y = rows[target].to_numpy(float)
    for begin, end in permutations(dated[:MAX_DATES], 2):
        seconds = (rows[end] - rows[begin]).dt.total_seconds().to_numpy(float)
        both = ~np.isnan(seconds)
        if both.sum() < max(MIN_ROWS, 0.5 * len(y)) or np.ptp(y[both]) < 10:
            continue  # of a span of 0 or 1 weeks any two dates are near
        for unit, length in SPANS.items():
            if np.mean(np.abs(seconds[both] / length - y[both]) <= 1.0) > ALMOST_ALL:
                return {end: f'gives the target away: "{target}" is the {unit} from "{begin}" to "{end}"'}
    return {}


def _in_unit_of(y: np.ndarray, value: np.ndarray, head: slice) -> np.ndarray:
    """`value` times the power of ten by which the target has it: a share of sales in percent, a price of thousands."""
    both = np.isfinite(value[head]) & (value[head] != 0) & (y != 0)
    if not both.any():
        return value
    factor = float(np.median(y[both] / value[head][both]))
    if factor <= 0:
        return value
    power = round(np.log10(factor))
    return value * 10.0**power if abs(factor / 10.0**power - 1) < 0.01 else value


def _product(x: np.ndarray, y: np.ndarray, numeric: list[str], target: str, close: float) -> dict[str, str]:
    """Three columns or more of which the target is the product, some of them divided by: quantity, price, rate."""
    positive = np.asarray((x > 0).all(axis=0))
    if positive.sum() < 2 or not (y > 0).all() or len(y) < 5 * positive.sum():
        return {}
    logs = np.log(x[:, positive])
    names = [c for c, p in zip(numeric, positive, strict=True) if p]
    weights, _ = _fit(logs, np.log(y), np.ones(len(y), dtype=bool))
    powers = np.round(weights)
    used = np.abs(powers) > 0
    if used.sum() < 2 or not np.isin(powers[used], (-1, 1, 2)).all() or np.abs(weights - powers).max() > 0.02:
        return {}
    factor = np.median(y / np.exp(logs @ powers))
    if np.mean(np.abs(factor * np.exp(logs @ powers) - y) < close + 1e-3 * y) <= ALMOST_ALL:
        return {}
    found = [c for c, u in zip(names, used, strict=True) if u]
    return {
        c: f'gives the target away: "{target}" is the product of {_list(found)}, or of their inverses' for c in found
    }


def _list(names: list[str]) -> str:
    quoted = [f'"{n}"' for n in names[:5]] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]
