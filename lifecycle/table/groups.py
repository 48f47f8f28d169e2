"""Which rows are of one thing, such as a customer, a machine, a party: found by how the rows are built, then by names.

Rows of one thing on both sides of a split make a model look better than it is: it knows the thing, not the rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lifecycle.ground.words import percent
from lifecycle.table import cells, vocabulary

MIN_VALUES = 20  # fewer are levels of a category
MOST_ROWS = 20  # rows a value, from which on a value is rather a place or a kind than one thing
LEAST_ROWS = 1.05  # rows a value, of one that several rows share
MIN_PAIRS = 30
SURE = 6.0  # standard deviations from chance
ALIKE = 0.25  # intraclass correlation
HEAPED = 8.0  # times the usual rows of a value
SAMPLE = 200_000  # rows looked at
FIRST = 50  # cells that rule out most columns
HEAD = 1_000  # cells whose form is looked at first
MOST_COLUMNS = 40  # in which rows are compared, the target first
# digits with a few letters around them that are the same in (nearly) all cells: C-5104, P0093
_CODE = re.compile(r"([^\W\d_]{0,6}[-_ #./:]?)(\d+)")
_LAST_MARK = re.compile(r"(.*?[^\W_])[-_/.:#|\s]+([^\W_]+)")
_LETTER = re.compile(r"(.*\d)([A-Za-z])")
_DATE_PART = re.compile(r"(19|20)\d\d([-/.]?(0?[1-9]|1[0-2]))?")
# what several rows may share of an id such as 0001_02, 0001_02.jpg, 0001a or 02/0001
PARTS = (
    r"^.*[^\W_](?=[-_/.:#|\s]+[^\W_]+$)",
    r"^.*[^\W_](?=[-_/.:#|\s]+[^\W_]+\.[A-Za-z]\w{1,4}$)",
    r"^.*\d(?=[A-Za-z]$)",
    r"[^-_/.:#|\s]+$",
)
_MARKS = "-_/.:#| \t"
# of 0001_v2.jpg what counts is 2
_AROUND_COUNT = re.compile(r"^[^\W\d_]{1,8}(?=\d)|\.[A-Za-z]\w{1,4}$")
_CUT = {part: re.compile(part) for part in PARTS}
_SHORT = re.compile(r"\d{1,4}|[A-Za-z]")
_CLOCKWORK = {7, 12, 24, 28, 29, 30, 31, 52, 53, 60, 365, 366}


@dataclass(frozen=True)
class Group:
    """Rows with the same `column` are of one thing; or, with `part`, those whose cells agree in what it finds."""

    column: str
    reason: str
    sure: bool
    part: str = ""


def find_groups(table: Mapping[str, pd.Series], kinds: dict[str, str], target: str, only: str = "") -> list[Group]:
    """The columns of the text table `table` whose values have several rows that are of one thing, the surest first.

    `kinds`: {column: type}, of those that may be a group, or a counter within one; a date or a measure is neither. `only`: the one
    column that is asked about.
    """
    stripped = {c: _Stripped(table[c]) for c in kinds}
    whole = {c: stripped[c] for c in kinds if kinds[c] == "integer" and c != target}
    named = [c for c in kinds if kinds[c] != "boolean" and c != target and only in ("", c)]
    counters = _counters(whole)
    measured: dict[str, _Measured] = {}
    compared = [target, *[c for c in kinds if c != target][:MOST_COLUMNS]]
    found = []
    for column in named:
        group = _prefix(column, stripped[column], kinds[column]) if kinds[column] != "integer" else None
        if group is None and kinds[column] in ("integer", "string"):
            keys = stripped[column]
            group = _counted(column, keys, counters) or _alike(
                column, keys, table, _without(compared, column), measured
            )
        if group:
            found.append(group)
    return sorted(found, key=lambda g: not g.sure)


def _without(compared: list[str], column: str) -> list[str]:
    return [other for other in compared if other != column][:MOST_COLUMNS]


class _Stripped:
    """A column's cells without outer blanks, as several looks need them."""

    def __init__(self, values: pd.Series) -> None:
        self.values = values

    @cached_property
    def cells(self) -> np.ndarray:
        """Texts, shape (n,)."""
        if len(self.values) > cells.FEW:
            return self.values.str.strip().to_numpy(dtype=object)
        return np.array([text.strip() for text in self.values.tolist()], dtype=object)

    @property
    def texts(self) -> list[str]:
        """The filled cells."""
        if len(self.values) > cells.FEW:
            return [text for text in map(str.strip, self.values.tolist()) if text]
        return [text for text in self.cells.tolist() if text]

    @property
    def first(self) -> list[str]:
        """The first cells: of a short column those that are there already, since a slice would cost more than all of them."""
        if len(self.values) > cells.FEW:
            return [text.strip() for text in self.values.iloc[:FIRST].tolist()]
        return list(self.cells[:FIRST].tolist())

    @cached_property
    def filled(self) -> np.ndarray:
        return self.cells != ""

    @cached_property
    def coded(self) -> tuple[np.ndarray, np.ndarray]:
        """(code of each filled cell, different texts in the order they are met)."""
        return pd.factorize(self.cells[self.filled])

    @cached_property
    def numbers(self) -> np.ndarray:
        return _numbers_of(self.cells)


def are_shared(values: pd.Series) -> bool:
    """Whether rows share values at all: of others, `find_groups` finds none without a `part`."""
    one = _Stripped(values)
    return int(one.filled.sum()) >= LEAST_ROWS * len(one.coded[1])


def siblings(keys: np.ndarray, test_size: float) -> float:
    """The share of a random split's test rows that have a row of the same key among the training rows."""
    codes = pd.factorize(keys[keys != ""])[0]
    sizes = np.bincount(codes)
    return float((sizes * (1 - test_size ** (sizes - 1.0))).sum() / max(len(keys), 1))


# ---- a part of an id ---------------------------------------------------------------------------------------


def _prefix(column: str, stripped: _Stripped, kind: str) -> Group | None:
    """An id such as 0001_02, whose first part several rows share while the second counts them (or the other way round)."""
    first = stripped.first
    # of a number, such as 12.03, what several rows share is never what stands behind the point
    parts = [part for part in PARTS if kind != "number" or part.startswith("^")]
    possible = [part for part in parts if _may_rest(first, part)]
    if not possible:
        return None
    texts = stripped.texts
    if len(texts) < 2 * MIN_VALUES or len(set(texts)) < 0.98 * len(texts):
        return None
    parts = [
        part
        for part in possible
        if _rests_begin_alike(texts, part) and _rest_counts(pd.Series(texts[:HEAD], dtype="str"), part)
    ]
    cells = pd.Series(texts if parts else [], dtype="str")
    for part in parts:
        keys = cells.str.extract(f"({part})")[0]
        if keys.notna().mean() < 0.98:
            continue
        whole = cells[keys.notna()]
        keys = keys[keys.notna()]
        rest = _rest(whole, keys, at_end=part.startswith("^"))
        if _few_rows_each(keys) and _counts_within(keys, rest) and not keys.str.fullmatch(_DATE_PART.pattern).any():
            rows = len(keys) / keys.nunique()
            example = whole.iloc[0]
            return Group(
                column,
                f'the part "{keys.iloc[0]}" of an id such as "{example}" is shared by {rows:.1f} rows, which the rest counts',
                True,
                part,
            )
    return None


def _may_rest(texts: list[str], part: str) -> bool:
    """Whether the first texts leave it open that `_rest_counts` is true: what most columns fail, at hardly any cost."""
    cut, at_end = _CUT[part], part.startswith("^")
    for text in texts:
        found = cut.search(text)
        if not found:
            continue
        rest = text[found.end() :] if at_end else text[: found.start()]
        if not _SHORT.fullmatch(_count_in(rest)):
            return False
    return True


def _count_in(rest: str) -> str:
    """What is left of an id, without marks, the ending of a file's name, and a word before a number: `_scan02.png` is 02."""
    rest = rest.strip(_MARKS)
    if rest.isdecimal():
        return rest  # as that of most
    return _AROUND_COUNT.sub("", rest)


def _rests_begin_alike(texts: list[str], part: str) -> bool:
    """Whether the rests are short, and begin with the same one for most keys, as a counter does: what decimals fail. Of (nearly)
    all that `_prefix` finds this is so, and it costs a tenth."""
    cut, at_end = _CUT[part], part.startswith("^")
    lowest: dict[str, float] = {}
    for text in texts:
        found = cut.search(text)
        if not found:
            continue
        key = found[0]
        rest = _count_in(text[len(key) :] if at_end else text[: -len(key)])
        if not _SHORT.fullmatch(rest):
            return False
        number = float(rest) if rest.isdigit() else float(ord(rest.lower()))
        lowest[key] = min(number, lowest.get(key, number))
    if not lowest:
        return False
    most = max(Counter(lowest.values()).values())
    return most > 0.9 * len(lowest)


def may_count(values: pd.Series, part: str) -> bool:
    """Whether some cells share the `part`, and what is left of them could count the rows that do: in a sample of rows, in which
    few rows of one thing are met."""
    cells = values.str.strip()
    if not _rest_counts(cells.iloc[:HEAD], part):
        return False
    # by Python, since Arrow's patterns have no look-ahead, and pandas takes twice as long for each of them
    texts = cells.tolist()
    found = [match[0] for match in map(_CUT[part].search, texts) if match]
    keys = set(found)
    shared = len(found) - len(keys)
    written_twice = len(texts) - len(set(texts))
    return len(keys) >= MIN_VALUES and shared - written_twice >= 5


def _rest_counts(cells: pd.Series, part: str) -> bool:
    """Whether (nearly) all cells have such a part, and the rest of those that have is a short number or a letter: a look at the
    first cells, which spares that at the others."""
    keys = cells.str.extract(f"({part})")[0]
    if keys.notna().mean() < 0.9:
        return False
    has = keys.notna()
    rest = _rest(cells[has], keys[has], at_end=part.startswith("^"))
    return bool(rest.str.fullmatch(r"\d{1,4}").all() or rest.str.fullmatch(r"[A-Za-z]").all())


def _rest(whole: pd.Series, keys: pd.Series, at_end: bool) -> pd.Series:
    cut = [w[len(k) :] if at_end else w[: -len(k)] for w, k in zip(whole, keys, strict=True)]
    return pd.Series([_count_in(rest) for rest in cut], index=whole.index, dtype="str")


def _few_rows_each(keys: pd.Series) -> bool:
    distinct = keys.nunique()
    return distinct >= MIN_VALUES and 1.05 <= len(keys) / distinct <= MOST_ROWS


def _counts_within(keys: pd.Series, rest: pd.Series) -> bool:
    """Whether `rest` is 1, 2, 3 (or a, b, c) within each key, in whatever order the rows stand."""
    if rest.str.fullmatch(r"\d{1,4}").all():
        numbers = rest.astype(int)
    elif rest.str.fullmatch(r"[A-Za-z]").all():
        numbers = rest.str.lower().map(ord)
    else:
        return False
    return _one_after_the_other(keys, numbers.to_numpy(float))


def _one_after_the_other(keys: pd.Series | np.ndarray, numbers: np.ndarray, gaps: float = 0.2) -> bool:
    """Whether the numbers of (nearly) each key differ, begin alike and leave hardly any out."""
    codes = pd.factorize(keys)[0]
    order = np.lexsort((numbers, codes))
    codes, numbers = codes[order], numbers[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    size = np.diff(np.append(starts, len(codes)))
    several = size > 1
    if several.sum() < 5:
        return False
    lowest, highest = numbers[starts], numbers[starts + size - 1]
    firsts, met = np.unique(lowest, return_counts=True)
    usual = firsts[met.argmax()]
    if not (lowest == usual).mean() > 0.9:
        return False
    new = np.append(True, (codes[1:] != codes[:-1]) | (numbers[1:] != numbers[:-1]))
    different = np.add.reduceat(new.astype(int), starts)
    differ = (size == different)[several].mean()
    length = highest[several] - usual + 1
    dense = size[several].sum() / max(length.sum(), 1)
    return bool(differ > 0.97 and dense > 1 - gaps)


# ---- a counter within ----------------------------------------------------------------------------------------


def _counters(whole: dict[str, _Stripped]) -> dict[str, tuple[np.ndarray, int]]:
    """{column: (numbers, rows of its lowest)} of those that may count within blocks: low numbers are the most frequent."""
    found = {}
    for column, one in whole.items():
        numbers = one.numbers
        values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
        filled = counts.sum() > 0.98 * len(numbers)
        if filled and 1 < len(values) and values[-1] - values[0] < 2 * len(values) and counts[0] >= 0.9 * counts.max():
            found[column] = (numbers, int(counts[0]))
    return found


def _numbers(values: pd.Series) -> np.ndarray:
    return _numbers_of(values.str.strip().to_numpy(dtype=object))


def _numbers_of(texts: np.ndarray) -> np.ndarray:
    return np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=float)


def _counted(column: str, stripped: _Stripped, counters: dict[str, tuple[np.ndarray, int]]) -> Group | None:
    """A value has a block of rows in which another column counts 1, 2, 3: machine and cycle, order and line."""
    if not counters:
        return None
    known = stripped.filled
    codes, values = stripped.coded
    sizes = np.bincount(codes, minlength=len(values))
    if len(sizes) < 5 or known.mean() < 0.98 or known.sum() / len(sizes) < 1.5 or vocabulary.is_of_time(column):
        return None
    alike = set(sizes.tolist()) <= _CLOCKWORK or len(set(sizes.tolist())) == 1  # hours of a day, days of a month
    named = vocabulary.is_thing(column) or vocabulary.is_id(column) or vocabulary.is_numbered(column)
    if alike and not named and not vocabulary.is_called_a_thing(column):
        return None  # a rectangle of two counters: which of them is the thing cannot be told
    for other, (numbers, begun) in counters.items():
        if other == column or abs(begun - len(sizes)) > 0.1 * len(sizes):
            continue
        both = known & ~np.isnan(numbers)
        if _one_after_the_other(stripped.cells[both], numbers[both]):
            rows = both.sum() / len(sizes)
            return Group(column, f'{rows:.1f} rows a value, in which "{other}" counts up', True)
    return None


# ---- rows that are alike -------------------------------------------------------------------------------------


def _alike(
    column: str,
    stripped: _Stripped,
    table: Mapping[str, pd.Series],
    others: list[str],
    measured: dict[str, _Measured],
) -> Group | None:
    """Rows of one value are far more alike, in the target or in two columns or more, than chance makes them.

    Of a measure the neighbouring values are as alike as equal ones; of a thing's number they are not.
    """
    known = np.flatnonzero(stripped.filled)
    codes, values = stripped.coded
    rows = len(known) / max(len(values), 1)
    if len(values) < MIN_VALUES or not LEAST_ROWS <= rows <= MOST_ROWS or len(known) < 0.5 * len(stripped.values):
        return None
    if len(known) > SAMPLE:
        taken = codes % (len(known) // SAMPLE + 1) == 0
        known, codes = known[taken], codes[taken]
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    left, right = known[order[:-1][same]], known[order[1:][same]]
    if len(left) < MIN_PAIRS:
        return None
    numbers = _code_numbers(values)
    if numbers is not None and np.nanmin(numbers) < 0:
        return None  # a measure
    beside = _neighbours(codes, known, numbers, order[:-1][same]) if numbers is not None else None
    strong = []
    for other in others:
        if other not in measured:
            measured[other] = _Measured(table[other])
        share, sigma = measured[other].likeness(left, right)
        if share > ALIKE and sigma > SURE and beside is not None:
            share -= max(measured[other].likeness(*beside)[0], 0.0)
        if share > ALIKE and sigma > SURE:
            strong.append(other)
    if others[0] not in strong and len(strong) < 2:
        return None
    likely = False
    if numbers is not None and not is_named(column):
        sizes = np.bincount(codes)
        if _is_a_measure(column, values, sizes):
            return None
        heaped = _are_numbers(values) and _is_heaped(sizes) and not _in_blocks(codes)
        # sums and rates, or ids of two eras and customers of whom some buy much: the latter are alike in more than one way
        likely = heaped or _is_lopsided(numbers)
        if likely and (others[0] not in strong or len(strong) < 3):
            return None
        # rows of one height may be of one tree that was measured four times, but a height is not its name
        likely = likely or vocabulary.is_measure(column)
    # a customer's code is the customer's name; an article's or a town's is no thing of which the rows are
    is_other_code = vocabulary.is_code(column) and not vocabulary.names_a_thing(column)
    shown = " and ".join(f'"{c}"' for c in strong[:2])
    reason = f"{rows:.1f} rows a value, alike in {shown} far beyond chance"
    return Group(column, reason, numbers is not None and not likely and not is_other_code)


def is_named(column: str) -> bool:
    """Whether the name is that of a thing, or of its number."""
    return vocabulary.is_thing(column) or vocabulary.is_id(column) or vocabulary.is_numbered(column)


def _is_a_measure(column: str, values: pd.Index, rows: np.ndarray) -> bool:
    return vocabulary.is_of_time(column) or vocabulary.is_money(column) or _counts_things(values, rows)


def _counts_things(values: pd.Index, rows: np.ndarray) -> bool:
    """Whether whole numbers are amounts or counts by what they are: round ones, or many rows that have none or the least of it.

    Numbers that only name something end in 0 as often as in any other digit, and none of them has most of the rows.
    """
    texts = pd.Series(values, dtype="str")
    if texts.str.endswith("00").mean() > 0.2:
        return True
    numbers = _numbers(texts)
    if np.isnan(numbers).any():
        return False
    least = rows[int(numbers.argmin())]
    return bool(least > 0.05 * rows.sum() and least > 5 * np.median(rows))


def _is_lopsided(numbers: np.ndarray) -> bool:
    """Whether most numbers crowd at one end of their range, as those of a population do; names are given out evenly."""
    low, middle, high = np.nanmin(numbers), np.nanmedian(numbers), np.nanmax(numbers)
    if not 0.15 <= (middle - low) / max(high - low, 1) <= 0.85:
        return True
    known = numbers[np.isfinite(numbers)]
    quarters = np.histogram(known, bins=4, range=(low, high))[0] / len(known)
    return bool(quarters.min() < 0.1)


def _is_heaped(sizes: np.ndarray) -> bool:
    """Whether a few values have many times the rows of the usual one, as 40 hours, 150 horsepower and a common tax rate have."""
    return bool(sizes.max() > HEAPED * np.median(sizes[sizes > 0]))


def _in_blocks(codes: np.ndarray) -> bool:
    """Whether the rows of each value stand together."""
    return bool(np.count_nonzero(np.diff(codes)) < 1.05 * len(np.unique(codes)))


def _are_numbers(values: np.ndarray) -> bool:
    return bool(np.isnan(_numbers_of(values)).mean() < 0.02)


def _code_numbers(values: np.ndarray) -> np.ndarray | None:
    """The number in each value, where values are whole numbers or codes like C-5104; None where they are words."""
    if _are_numbers(values):
        return _numbers_of(values)
    found = [_CODE.fullmatch(v) for v in values]
    heads = {m[1] for m in found if m}
    if sum(m is not None for m in found) < 0.98 * len(found) or len(heads) > 3:
        return None
    return np.array([float(m[2]) if m else np.nan for m in found])


def _neighbours(
    codes: np.ndarray, known: np.ndarray, numbers: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of the rows at `places`, each with the next row in the table that has the value next in size: a table in some
    order has rows alike that stand near each other."""
    rank = np.empty(len(numbers), dtype=int)
    rank[np.argsort(numbers, kind="stable")] = np.arange(len(numbers))
    present = np.unique(rank[codes])
    mine = np.searchsorted(present, rank[codes])  # without the values that the sample left out
    n = len(codes)
    line = np.sort(mine * n + np.arange(n))
    wanted = np.where(mine[places] + 1 < len(present), mine[places] + 1, mine[places] - 1)
    sought = wanted * n + places
    at = np.minimum(np.searchsorted(line, sought), n - 1)
    before = np.maximum(at - 1, 0)
    nearer = np.abs(line[before] - sought) < np.abs(line[at] - sought)  # in a table that counts down it stands before
    is_before = (line[before] // n == wanted) & (nearer | (line[at] // n != wanted))
    at = np.where(is_before, before, at)
    return known[places], known[line[at] % n]


class _Measured:
    """A column as pairs of its rows are compared: ranks of a measure, codes of a category."""

    def __init__(self, values: pd.Series) -> None:
        cells = values.str.strip()
        self.filled = (cells != "").to_numpy()
        codes, distinct = pd.factorize(cells)
        numbers = np.append(_numbers_of(np.asarray(distinct, dtype=object)), np.nan)[codes]
        known = np.isfinite(numbers)
        self.is_measure = known.sum() > 0.9 * self.filled.sum() and len(np.unique(numbers[known])) > 10
        if self.is_measure:
            self.ranks = pd.Series(numbers).rank(pct=True).to_numpy()
            self.variance = float(np.nanvar(self.ranks))
        else:
            self.codes = codes
            shares = np.bincount(self.codes[self.filled]) / max(self.filled.sum(), 1)
            self.chance = float((shares**2).sum())

    def likeness(self, left: np.ndarray, right: np.ndarray) -> tuple[float, float]:
        """(intraclass correlation of the pairs, its distance from chance in standard deviations)."""
        both = self.filled[left] & self.filled[right]
        if both.sum() < MIN_PAIRS or (not self.is_measure and self.chance > 0.98):
            return 0.0, 0.0
        if self.is_measure:
            gap = self.ranks[left] - self.ranks[right]
            gap = gap[~np.isnan(gap)]
            share = 1 - float(np.mean(gap**2)) / (2 * self.variance) if len(gap) else 0.0
            return share, share * np.sqrt(len(gap))
        equal = float(np.mean(self.codes[left[both]] == self.codes[right[both]]))
        spread = np.sqrt(self.chance * (1 - self.chance) / both.sum())
        return (equal - self.chance) / (1 - self.chance), (equal - self.chance) / spread


def describe(group: Group, share: float) -> str:
    """The line on a likely group: what a random split does with it."""
    return (
        f'"{group.column}" may say which rows are of one thing ({group.reason}): with a random split {percent(share)} of the test rows '
        "have such a sibling in train"
    )


def keys(table: Mapping[str, pd.Series], group: Group) -> pd.Series:
    """What each row of a text table belongs to, an empty text where it does not say."""
    values = table[group.column].str.strip()
    return values.str.extract(f"({group.part})")[0].fillna(values) if group.part else values
