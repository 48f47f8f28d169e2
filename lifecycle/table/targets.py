"""What a target's cells turn out to be when they are looked at as a target: dates, several labels, spellings of one class,
a typing error, a cap, counts. Each is said with its cure, or refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.words import short
from lifecycle.table import cells, dates, notation, sentinels
from lifecycle.table.roles import as_cell, as_list, entry

FEW = 10  # different values, up to which whole numbers may be classes
MOST_CLASSES = 20  # combinations of labels that are still taken as classes
_BETWEEN = ("|", ";", ",", "/", "+", "&", "#", " and ", " und ", " et ", " y ")
SAMPLE = 2_000


def check_is_no_date(name: str, filled: pd.Series, dated: list[str]) -> None:
    """UserError where the cells are dates: neither a number nor a class. `dated`: the other columns that are dates."""
    texts = [str(v) for v in filled.unique()[:300]]
    if len(texts) <= FEW or any(re.fullmatch(r"\s*-?\d+([.,]\d+)?\s*", v) for v in texts):
        return
    found = dates.recognise([dates.shape(v) for v in texts], np.ones(len(texts)), None)
    if found is None or dates.is_clock(found.formats[0]):
        return
    if np.isnat(dates.moments(pd.Series(texts, dtype="str"), found.formats)).mean() > 0.1:
        return
    since = f'since "{dated[0]}"' if dated else "since a fixed day, or another date"
    raise UserError(
        f'data/raw: the target "{name}" is a date (such as {texts[0]!r}), and a model predicts a number or a class: add a column with '
        f"the days {since}, and name that as params.yaml: problem.target"
    )


def several_labels(filled: pd.Series) -> tuple[str, list[str]]:
    """(the mark between them, the labels), where cells hold several labels of one list, such as red|soft; else ("", [])."""
    texts = [" ".join(str(v).split()).strip("[](){}") for v in filled.unique()]
    counts = filled.map(dict(zip(filled.unique(), texts, strict=True)))
    for mark in _BETWEEN:
        parted = {text: [part.strip(" '\"") for part in text.split(mark)] for text in texts}
        many = [text for text in texts if len(parted[text]) > 1]
        if len(many) < 3 or counts.isin(many).mean() < 0.2:
            continue
        labels = sorted({label for text in texts for label in parted[text] if label})
        again = sum(1 for label in labels if sum(label in parted[text] for text in texts) > 1)
        sets = len({frozenset(parted[text]) for text in texts})
        repeated = any(len(set(parted[text])) < len(parted[text]) for text in many)
        # the same few labels in other company again and again; not 12/2024, nor A/B beside C/D
        if len(labels) < len(texts) and again > 0.8 * len(labels) and sets > len(labels) and not repeated:
            if not all(label.isdigit() for label in labels):
                return mark.strip() or mark, labels
    return "", []


def labels_of_a_feature(texts: Sequence[str], counts: np.ndarray) -> tuple[str, list[str]]:
    """(a cell with several labels, the labels) of a column's different texts; ("", []) where they have none. How many there are
    differs from cell to cell: first and last name, or a town and its country, are two things each time."""
    filled = pd.Series(np.repeat(np.asarray(texts, dtype=object), np.minimum(counts, 20)), dtype="str")
    mark, labels = several_labels(filled)
    sizes = {len(text.split(mark)) for text in texts} if mark else set()
    if len(sizes) < 2:
        return "", []
    return next(text.strip() for text in texts if mark in text), labels


def check_labels(name: str, filled: pd.Series) -> str:
    """A note where several labels stand in a cell; UserError where their combinations are too many to be classes."""
    mark, labels = several_labels(filled)
    if not labels:
        return ""
    combinations = filled.nunique()
    example = next(str(v) for v in filled.unique() if mark in str(v))
    several = f'several labels stand in a cell of the target "{name}" (such as {example!r}): {len(labels)} labels in {combinations} combinations'
    cure = f"for a model of each label, add a column for each that says yes or no (such as {labels[0]!r}), and name one as problem.target"
    if combinations > MOST_CLASSES:
        raise UserError(f"data/raw: {several}; {cure}")
    return f"{several}, each of which is taken as a class of its own; {cure}"


def same_class(labels: list[str], counts: dict[str, int]) -> dict[str, str]:
    """{label: the one it is read as} of spellings that mean one class: Y and Yes, 1 and true; M and male. Empty where none do.

    `counts`: rows of each label. Only where it is so of all labels: Y beside N and maybe stays Y.
    """
    words = {"yes": cells.TRUE, "no": cells.FALSE}
    sides = {label: side for label in labels for side, known in words.items() if cells.fold(label).rstrip(".") in known}
    if len(labels) > 2 and len(sides) == len(labels) and len(set(sides.values())) == 2:
        return _as_the_usual(sides, counts)
    letters = [label for label in labels if len(label.rstrip(".")) == 1 and label[0].isalpha()]
    long = [label for label in labels if label not in letters]
    initials = {label: label[0].casefold() for label in long}
    if len(letters) == len(long) == len(set(initials.values())) and sorted(initials.values()) == sorted(
        v[0].casefold() for v in letters
    ):
        return _as_the_usual({label: label[0].casefold() for label in labels}, counts)
    return {}


def _as_the_usual(sides: dict[str, str], counts: dict[str, int]) -> dict[str, str]:
    """Each label as the most frequent word of its side, a word before a letter or a digit."""
    usual: dict[str, str] = {}
    for label in sorted(sides, key=lambda v: (len(v) < 2 or v[0].isdigit(), -counts.get(v, 0), v)):
        usual.setdefault(sides[label], label)
    return {label: usual[side] for label, side in sides.items() if usual[side] != label}


def odd_numbers(name: str, numbers: np.ndarray) -> list[str]:
    """Sentences on a number far from all others, a cap, and counts; `numbers`: the target's, finite."""
    out = []
    values, counts = np.unique(numbers, return_counts=True)
    if far := _far_out(values, counts):
        shown = ", ".join(short(v) for v in far)
        rows = int(counts[np.isin(values, far)].sum())
        rest = values[~np.isin(values, far)]
        out.append(
            f'"{name}": {rows} {"row holds" if rows == 1 else "rows hold"} {shown}, where all others are between {short(rest[0])} and '
            f"{short(rest[-1])}: a typing error, or shifted cells? Correct it, or have it read as missing: "
            + entry(name, missingValues=as_list(map(as_cell, far)))
        )
    if capped := _capped(values, counts):
        value, rows, end = capped
        more = "more" if end == "highest" else "less"
        out.append(
            f'"{name}": {rows:,} of {len(numbers):,} rows hold exactly {_exact(value)}, the {end} value: is it a cap, of what is {more} than '
            f"that? The model cannot tell how much {more}; to leave these rows out: {entry(name, missingValues=as_list([as_cell(value)]))}"
        )
    return out


def no_answer(labels: Sequence[str]) -> str:
    """The one of three classes that a survey takes for no answer, 9 beside 0 and 1; "" for others."""
    numbers = {notation.number(label): label for label in labels}
    if len(labels) != 3 or len(numbers) < 3 or any(np.isnan(number) for number in numbers):
        return ""
    for code, label in numbers.items():
        others = sorted(number for number in numbers if number != code)
        far = abs(code) >= 8 and min(abs(code - number) for number in others) >= 6
        written = sentinels.is_code(code) or abs(code) in (8, 9)
        if others in ([0, 1], [1, 2]) and far and written:
            return label
    return ""


def are_counts(numbers: np.ndarray) -> bool:
    """Whether they are counts of events: whole, from 0 on, small, and skewed."""
    whole = np.all(numbers == np.floor(numbers)) and numbers.min() == 0
    return bool(
        whole
        and numbers.max() > 1
        and numbers.max() < 1000
        and np.mean(numbers) > np.median(numbers)
        and np.mean(numbers == 0) > 0.02
    )


def _far_out(values: np.ndarray, counts: np.ndarray) -> list[float]:
    """The one or two values at an end that lie farther from the rest than the rest is wide; none where the rest has a long
    tail of its own, of which the last value is merely the last."""
    for take in (1, 2):
        for far, rest, others in (
            (values[-take:], values[:-take], counts[:-take]),
            (values[:take], values[take:], counts[take:]),
        ):
            rows = counts.sum() - others.sum()
            if len(rest) < 3 or rows > max(1, min(5, 0.005 * counts.sum())):
                continue
            low, high = np.quantile(np.repeat(rest, others), [0.25, 0.75])
            fence = 3 * max(high - low, (rest[-1] - rest[0]) / 8)
            gap = min(np.abs(far - rest[-1]).min(), np.abs(far - rest[0]).min())
            if gap > 1.5 * (rest[-1] - rest[0]) and rest[-1] <= high + fence and rest[0] >= low - fence:
                return [float(v) for v in far]
    return []


def _capped(values: np.ndarray, counts: np.ndarray) -> tuple[float, int, str] | None:
    """(value, rows, which end) where far more rows share the last value than any of those beside it."""
    n = counts.sum()
    if len(values) < 30:
        return None
    for at, end in ((-1, "highest"), (0, "lowest")):
        if end == "lowest" and values[0] == 0:
            continue  # nothing was bought, nothing happened
        near = np.sort(counts[-21:-1] if end == "highest" else counts[1:21])
        if counts[at] >= max(10, 0.01 * n) and counts[at] > 5 * near[-1]:
            return float(values[at]), int(counts[at]), end
    return None


def _exact(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,}"
