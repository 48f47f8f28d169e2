"""What a column is to the rows: a feature, the name of a row, the thing several rows are of, their time, or nothing.

First by how its cells are built, then by its name. Whatever is not learned from is said, with the line that changes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from lifecycle.ground.scripts import words_in
from lifecycle.ground.words import cut, percent
from lifecycle.table import cells, notation, vocabulary
from lifecycle.table.notation import Notation

SAMPLE = 2_000  # cells whose form is looked at
MANY_ROWS = 20  # of one value, from which on a word is rather a kind than somebody
LONG = 15  # digits, from which on a whole number is a name: a float holds no more
# what a spreadsheet makes of a number of 12 digits and more
_MANGLED = re.compile(r"\s*-?\d(?:[.,]\d+)?[eE]\+(\d{2})\s*")
_MEASURE = re.compile(r"\s*[-+~<>≤≥(]?\s*[$€£¥₹]?\s*\d")
_CODED = re.compile(r"^0\d|@|://|_|\d\d\.\d+\.\d")


class Role(NamedTuple):
    """`role`: as in the contract; `reason`: why, said where the column is not learned from; `note`: what is worth a line
    all the same; `kind`: another type than the cells alone gave, or nothing."""

    role: str
    reason: str = ""
    note: str = ""
    kind: str = ""


class Counts(NamedTuple):
    """Of all rows of a table: how many there are, in how many of them a column is filled, with how many different texts."""

    rows: int
    filled: int
    distinct: int

    @classmethod
    def of(cls, filled: pd.Series, n_rows: int) -> Counts:
        distinct = filled.nunique() if len(filled) > cells.FEW else len(set(filled.tolist()))
        return cls(n_rows, len(filled), distinct)

    @property
    def rows_a_value(self) -> float:
        return self.filled / self.distinct


def role_of(name: str, kind: str, filled: pd.Series, counts: Counts, written: Notation) -> Role:
    """The role of a column that is not the target, from its type, those of its text cells that are not missing, or a sample of
    them, and what all rows count; `written`: how it writes numbers."""
    if not counts.filled or not len(filled):
        return Role("ignored", "every cell is missing" if not counts.filled else "hardly any cell is filled")
    if counts.filled == counts.rows and counts.distinct <= 3 and len(set(map(cells.level, filled.unique()))) == 1:
        # one value and blanks is a tick in a box, and may say much
        return Role("ignored", "constant: the same value in each row")
    if kind in ("string", "integer", "number"):
        sample = filled.iloc[:SAMPLE].tolist()
        if found := _cut_by_a_spreadsheet(filled, sample) or _long_number(name, filled, sample, counts):
            return found
    several = counts.distinct >= 10 and counts.rows_a_value >= 1.2
    if kind in ("string", "integer") and several and vocabulary.is_thing(name) and not _is_how_many(name, kind, filled):
        if _is_topic(name, kind, filled, counts):
            note = "words with many rows each, read as what a row is about; if it says who: " + entry(
                name, role="group"
            )
            return Role("feature", note=note)
        return _group_or_id(counts)
    if kind == "string":
        return _role_of_text(name, filled, counts)
    if kind == "integer":
        return _role_of_integer(name, filled, counts, written)
    return Role("feature")


def _is_how_many(name: str, kind: str, filled: pd.Series) -> bool:
    """Whether `num_person` counts persons, or `vehicle_reference` the vehicles of one accident: each number from one on is there, and
    few rows have a high one. Numbers that were given to somebody have rows alike."""
    if kind != "integer" or vocabulary.is_id(name) or not vocabulary.is_numbered(name):
        return False
    rows = pd.to_numeric(filled, errors="coerce").dropna().value_counts().sort_index()
    if not len(rows) or not 0 <= rows.index[0] <= 1 or rows.index[-1] > 2 * len(rows):
        return False
    return bool(rows.iloc[0] > 5 * rows.iloc[len(rows) // 2 :].mean())


def _is_topic(name: str, kind: str, filled: pd.Series, counts: Counts) -> bool:
    """Whether a `subject` is Math or Biology, and nobody."""
    if kind != "string" or vocabulary.words(name) != ["subject"] or counts.rows_a_value <= MANY_ROWS:
        return False
    return bool(pd.Series(filled.unique()).str.fullmatch(r"(?:[^\W\d_]|[ &/,.-]){4,}").mean() > 0.8)


def _role_of_text(name: str, filled: pd.Series, counts: Counts) -> Role:
    n_rows, n, distinct = counts
    named = vocabulary.is_id(name) or vocabulary.is_numbered(name)
    telling = distinct > 0.95 * n and n > 20
    if telling and not named and looks_measured(filled):
        note = f"{distinct} different texts that look like measures (such as {shown(filled)}), read as words"
        return Role("feature", note=note, kind="text")
    if telling and not np.mean([" " in text.strip() or words_in(text) >= 3 for text in filled.iloc[:SAMPLE]]) > 0.5:
        if n < 0.9 * n_rows and not named:
            note = f"a different text in each of the {percent(n / n_rows)} of the rows where it is filled: only whether it is filled can be learned from"
            return Role("feature", note=note)
        return Role("id", f"{distinct:,} different texts in {n:,} rows")
    if named and distinct > 50 and n / distinct < 20:
        return _group_or_id(counts)
    if fills_down(filled, counts):
        note = (
            f"it is filled in {n} of {n_rows:,} rows only, the first among them, and never with what it last held, as merged cells are "
            "exported; if each value holds for the rows below it as well, fill it in there"
        )
        return Role("feature", note=note)
    return Role("feature")


def fills_down(filled: pd.Series, counts: Counts) -> bool:
    """Whether a column says something only where that changes: in the first row, and in few others that never stand together."""
    places = filled.index.to_numpy()
    if not 2 <= len(places) <= 0.34 * counts.rows or len(places) != counts.filled or places[0] != 0:
        return False
    texts = filled.to_numpy()
    return bool(np.diff(places).min() >= 2 and (texts[1:] != texts[:-1]).all())


def _role_of_integer(name: str, filled: pd.Series, counted: Counts, written: Notation) -> Role:
    _, n, distinct = counted
    numbers = notation.numbers(filled, written)
    counts = counts_rows(numbers)
    named = vocabulary.is_id(name) or vocabulary.is_numbered(name) or vocabulary.is_thing(name)
    if vocabulary.INDEX_NAME.match(name) and (counts or (distinct > 0.99 * n and _counter_with_gaps(numbers, n))):
        return Role("id", "the number of the row, as whoever wrote the table counted")
    if name.startswith("__index_level_") and distinct > 0.9 * n:
        return Role("id", "the index of whoever wrote the table")
    if distinct > 0.99 * n and n > 20:
        if (
            counts
            and vocabulary.is_year(name)
            and not vocabulary.is_id(name)
            and 1500 <= np.nanmin(numbers) <= np.nanmax(numbers) <= 2100
        ):
            return Role("feature", note="another year in each row, used as a number; " + _or_an_id(name))
        if counts:
            return Role("id", "a different whole number in each row, counting up")
        if named:
            return Role("id", "a different whole number in each row, and named like one")
        if not vocabulary.is_of_time(name) and (how := _counter_with_gaps(numbers, n)):
            return Role("id", f"a different whole number in each row, {how}")
    thing = vocabulary.is_id(name) or vocabulary.is_order(name)
    if (thing or (vocabulary.is_numbered(name) and _evenly_spread(numbers))) and distinct > 50 and n / distinct < 20:
        return _group_or_id(counted)
    if distinct == n and n > 50:
        return Role(
            "feature",
            note="a different whole number in each row, used as a number; " + _or_an_id(name),
        )
    return Role("feature")


def _or_an_id(name: str) -> str:
    return "if it only names the row, make it an id: " + entry(name, role="id")


def _group_or_id(counts: Counts) -> Role:
    _, n, distinct = counts
    if n / distinct < 1.2:
        return Role("id", f"named like an id, with {distinct:,} different values in {n:,} rows")
    return Role(
        "group", f"named like an id, with {n / distinct:.1f} rows a value: one value stays on one side of the split"
    )


# ---- how names are built -----------------------------------------------------------------------------------


def counts_rows(numbers: np.ndarray) -> bool:
    """Whether nine of ten rows go on by one: the number of the row, or of the row within its file."""
    steps = np.diff(numbers)
    return bool(len(steps) and np.mean(steps == 1) > 0.9)


def _counter_with_gaps(numbers: np.ndarray, filled: int) -> str:
    """How a counter lost rows, or was shuffled: the whole numbers of a range hardly ever all differ by chance. `numbers`: in the
    order of the rows, a sample perhaps of those `filled`."""
    known = numbers[np.isfinite(numbers)]
    span = known.max() - known.min() + 1 if len(known) else np.inf
    rises = np.mean(np.diff(known) > 0) if len(known) > 1 else 0.0
    times = filled / max(len(numbers), 1)
    if rises > 0.99 and times * len(known) > 0.2 * span:
        return "counting up with gaps"
    if len(known) >= 50 and times * len(known) > 0.9 * span:
        return "each of a range once"
    return ""


def _evenly_spread(numbers: np.ndarray) -> bool:
    """Whether the different values lie all over their range, as given numbers do; a house's number is mostly a low one."""
    values = np.unique(numbers[np.isfinite(numbers)])
    if len(values) < 2 or values[0] == values[-1]:
        return False
    place = (values - values[0]) / (values[-1] - values[0])
    quarters = np.histogram(place, bins=4, range=(0, 1))[0] / len(values)
    return bool(quarters.min() > 0.1 and len(values) < 0.9 * (values[-1] - values[0] + 1))


def _long_number(name: str, filled: pd.Series, sample: list[str], counts: Counts) -> Role | None:
    """Whole numbers of 15 digits and more: an account, a card, a hash; never a measure. `sample`: the first cells."""
    if sum(len(text) >= LONG for text in sample) < 0.95 * len(sample):
        return None  # a cheap look first
    digits = filled.iloc[:SAMPLE].str.strip().str.fullmatch(r"\d{15,}(\.0+)?")
    if digits.mean() < 0.95 or _is_epoch(name, filled.iloc[:SAMPLE]):
        return None
    _, n, distinct = counts
    if distinct > 0.9 * n:
        return Role("id", f"{distinct:,} different numbers of {LONG} digits and more in {n:,} rows")
    if distinct >= 10 and n / distinct < 20:
        return Role(
            "group", f"numbers of {LONG} digits and more, {n / distinct:.1f} rows a value: one value stays on one side"
        )
    return Role("feature", note=f"numbers of {LONG} digits and more name something: used as categories", kind="string")


def _is_epoch(name: str, filled: pd.Series) -> bool:
    """Micro- or nanoseconds since 1970, of the years 1990 to 2050. The number of a post has 19 digits too, and all of them count."""
    text = filled.str.strip()
    micro = text.str.fullmatch(r"\d{15,16}") & text.str.slice(0, 3).between("063", "252")
    nano = text.str.fullmatch(r"\d{18,19}") & (text.str.len() == text.str.len().mode()[0])
    if micro.all():
        seconds = text.astype(float) / 1e6
    elif nano.all() and (vocabulary.says_time(name) or text.str.endswith("000").all()):
        seconds = text.astype(float) / 1e9
    else:
        return False
    # times of one table are years apart, not the whole range of the digits
    return bool(seconds.between(631152000, 2524608000).all() and seconds.max() - seconds.min() < 10 * 31557600)


def _cut_by_a_spreadsheet(filled: pd.Series, sample: list[str]) -> Role | None:
    """1.07883E+15: a number of many digits, of which a spreadsheet kept the first; said with what can no longer be told apart.
    `sample`: the first cells."""
    if sum("+" in text for text in sample) < 0.9 * len(sample):
        return None  # a cheap look first
    matches = [_MANGLED.fullmatch(text) for text in sample]
    powers = [int(m[1]) for m in matches if m]
    if len(powers) < 0.9 * len(matches) or min(powers) < 11 or max(powers) - min(powers) > 3:
        return None
    counts = filled.str.strip().value_counts()
    shared = int(counts[counts > 1].sum())
    return Role(
        "id",
        f"its digits are lost: {shown(filled, 1)} is what a spreadsheet leaves of a number of {powers[0] + 1} digits; {shared} of "
        f"{len(filled)} rows now share their value with another; export the column as text",
    )


def looks_measured(filled: pd.Series) -> bool:
    """Whether texts begin with a number and hold the same few words again and again: 62k-95k, 2h 50m, 10 x 20 cm.

    Codes do not: their digits are padded, their letters differ, or all are of one length, as 555-0142.
    """
    sample = filled.iloc[:SAMPLE].str.strip()
    if sample.str.match(_MEASURE.pattern).mean() < 0.9 or sample.str.contains(_CODED.pattern).mean() > 0.05:
        return False
    if _looks_paired(sample) or sample.str.fullmatch(_PLACE).mean() > 0.95:
        return True
    if sample.str.contains("[$€£¥₹₽₩%]").mean() > 0.9:
        return True  # amounts of several currencies, or shares
    letters = sample.str.findall(r"[^\W\d_]+").explode().dropna().str.casefold()
    return len(letters) > 0.5 * len(sample) and letters.nunique() <= 10 and sample.str.len().nunique() > 1


def _looks_paired(sample: pd.Series) -> bool:
    """Two or three measures with a mark between them, 120/80 or 16-15-0: the same numbers come again on each side, of more than
    one length."""
    parts = sample.str.extract(
        r"^(\d{1,4}(?:[.,]\d+)?) ?([/x×:|]|-) ?(\d{1,4}(?:[.,]\d+)?)(?: ?\2 ?(\d{1,4}(?:[.,]\d+)?))?$"
    )
    if parts[[0, 1, 2]].isna().any(axis=1).mean() > 0.05 or parts[1].nunique() > 1:
        return False
    sides = [side for side in (0, 2, 3) if parts[side].notna().mean() > 0.9]
    if len(sides) > 2 and _counts_on(parts[sides]):
        return False  # a building, a floor and a room
    again = all(parts[side].nunique() < 0.7 * len(parts) for side in sides)
    return again and parts[sides].apply(lambda side: side.str.len().nunique()).max() > 1


def _counts_on(parts: pd.DataFrame) -> bool:
    """Whether each row is behind the one before it, by the first number, then by the second, then by the third."""
    rows = parts.apply(pd.to_numeric, errors="coerce").dropna()
    if len(rows) < 0.9 * len(parts) or rows.duplicated().any():
        return False
    return bool(pd.MultiIndex.from_frame(rows).is_monotonic_increasing)


# (52.5163, 13.3777): a latitude and a longitude
_PLACE = r"[(\[]?-?\d{1,3}\.\d{2,}[,;/ ] ?-?\d{1,3}\.\d{2,}[)\]]?"


# ---- time ----------------------------------------------------------------------------------------------------


def time_column(dated: list[tuple[str, int, float]]) -> str:
    """The first date that varies, is nearly always filled and is no birthday or deadline: when a row happened.

    `dated`: (name, different cells, share of the rows that is filled) of the dates among the features, in their order.
    """
    for name, distinct, filled in dated:
        if distinct > 2 and filled > 0.9 and not vocabulary.BIRTH_NAME.search(name):
            return name
    return ""


# ---- words ---------------------------------------------------------------------------------------------------


def entry(name: str, **settings: str) -> str:
    """The line of params.yaml that changes a column: `columns: {zip: {type: string}}`."""
    said = ", ".join(f"{key}: {value}" for key, value in settings.items())
    return f"columns: {{{written(name)}: {{{said}}}}}"


def written(name: str) -> str:
    """A column's name as YAML takes it, in quotes where it must have them."""
    plain = re.fullmatch(r"[^\W\d][\w .-]*", name) and name.casefold() not in cells.TRUE | cells.FALSE | {"null"}
    return name if plain and name == name.strip() else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_list(texts: Iterable[str]) -> str:
    """The texts as a list of YAML, each in quotes."""
    quoted = ["'" + text.replace("'", "''") + "'" for text in texts]
    return f"[{', '.join(quoted)}]"


def as_cell(value: float) -> str:
    """A number as a file has it: 2147483647, which must not be shortened where cells are to equal it."""
    return str(int(value)) if value == int(value) else repr(float(value))


def shown(filled: pd.Series, n: int = 3) -> str:
    return ", ".join(cut(v, 30) for v in filled.unique()[:n])
