"""The distinct texts of a column and how many cells hold each: what inference looks at, in place of all cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table import cells, dates, notation, recognise

SMALL = 1_000  # cells; fewer are counted one by one
PLAIN, ODD = 500, 1_500  # distinct texts looked at one by one: plain numbers, and the others
TOGETHER = 100  # columns of a wide table whose texts are looked at in one go
LEAST_ODD, ALL_ODD = 100, 300_000  # of each column at least; of all columns, where these are many


@dataclass
class Texts:
    """`given`: the texts that are neither missing nor garbled, in the order they are met; `counts`: the cells of each."""

    name: str
    given: pd.Series | list[str]
    counts: np.ndarray
    odd: int = ODD  # of them are looked at one by one, beside plain numbers
    # what they were last read as, and what each of them is worth then
    last: tuple[object, np.ndarray] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, name: str, values: pd.Series, tokens: Iterable[str], odd: int = ODD) -> tuple[Texts, list[str]]:
        """(a column's texts, the spellings in it of the folded `tokens` for missing)."""
        if len(values) <= SMALL:
            return cls._of_few(name, values.tolist(), frozenset(tokens), odd)
        codes, distinct = pd.factorize(values)
        texts = pd.Series(distinct, dtype="str")
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        absent = cells.is_token(texts, tokens)
        kept = ~(absent | cells.is_garbled(texts))
        seen = sorted({str(t) for t in texts[absent]})
        return cls(name, texts[kept].reset_index(drop=True), counts[kept], odd), seen

    @classmethod
    def _of_few(cls, name: str, given: list[Any], tokens: frozenset[str], odd: int) -> tuple[Texts, list[str]]:
        """The same of a few cells, where column operations would cost more than the cells."""
        met = {text: count for text, count in Counter(given).items() if isinstance(text, str)}
        texts, counts = list(met), np.array(list(met.values()), dtype=np.int64)
        absent = cells.tokens_among(texts, tokens)
        gone = absent | cells.garbled_among(texts)
        if not gone.any():
            return cls(name, texts, counts, odd), []
        kept = [text for text, is_gone in zip(texts, gone.tolist(), strict=True) if not is_gone]
        seen = [text for text, is_absent in zip(texts, absent.tolist(), strict=True) if is_absent]
        return cls(name, kept, counts[~gone], odd), sorted(seen)

    @property
    def total(self) -> int:
        """Filled cells."""
        return int(self.counts.sum())

    @property
    def different(self) -> int:
        """How many different texts there are."""
        return len(self.counts)

    @cached_property
    def distinct(self) -> pd.Series:
        """The different texts as a column; of few, which are a list, it is made when it is asked for: many never are."""
        return pd.Series(self.given, dtype="str") if isinstance(self.given, list) else self.given

    @cached_property
    def listed(self) -> list[str]:
        """The different texts as Python has them."""
        return self.given if isinstance(self.given, list) else [str(t) for t in self.given.tolist()]

    def at(self, places: np.ndarray) -> list[str]:
        """The texts at these places."""
        if self.different > SMALL:
            return [str(t) for t in self.distinct.iloc[places].tolist()]
        return [self.listed[at] for at in places.tolist()]

    @cached_property
    def is_simple(self) -> np.ndarray:
        """Mask of the distinct texts that are digits, a sign and a point."""
        return cells.matches(self.distinct, notation.SIMPLE_CELL)

    @cached_property
    def simple_numbers(self) -> np.ndarray:
        """The numbers of texts that all are digits, a sign and a point."""
        return notation.numbers(self.distinct, notation.Notation())

    @cached_property
    def simple(self) -> bool:
        """Whether each text is digits, a sign and a point."""
        return bool(self.is_simple.all())

    @cached_property
    def sampled(self) -> np.ndarray:
        """Places of the texts that are looked at one by one, spread over the column."""
        if self.different <= self.odd + PLAIN * self.odd // ODD and not self.simple:
            return np.arange(self.different)
        places = [spread(np.flatnonzero(self.is_simple), PLAIN), spread(np.flatnonzero(~self.is_simple), self.odd)]
        return np.sort(np.concatenate(places))

    @cached_property
    def sample(self) -> list[str]:
        if len(self.sampled) == self.different:
            return self.listed
        return self.at(self.sampled)

    @cached_property
    def plain_sample(self) -> list[str]:
        """The sample without blanks around and typographic marks."""
        if self.simple:
            return [t.strip() for t in self.sample]
        return [notation.plain(t) for t in self.sample]

    @property
    def sample_counts(self) -> np.ndarray:
        return self.counts[self.sampled]

    @cached_property
    def numbers(self) -> list[recognise.NumberShape | None]:
        """The sample's texts, taken apart as numbers."""
        if self.simple:
            return [recognise.NumberShape((t.lstrip("+-"),)) for t in self.plain_sample]
        return [recognise.shape(t) for t in self.sample]

    @cached_property
    def marks(self) -> recognise.Marks:
        """What the sample says about the decimal mark."""
        if self.simple:
            return recognise.marks_of_plain(self.plain_sample)
        return recognise.marks(self.numbers)

    @cached_property
    def are_numbers(self) -> bool:
        """Whether most of the sample can be taken apart as numbers."""
        return self.simple or _mostly(self.numbers)

    @cached_property
    def are_dates(self) -> bool:
        return _mostly(self.dates)

    @cached_property
    def dates(self) -> list[dates.DateShape | None]:
        """The sample's texts, taken apart as dates."""
        return [dates.shape(t) for t in self.sample]

    @cached_property
    def wordless(self) -> bool:
        """Whether each sampled text has a digit."""
        return self.simple or all(any(c.isdigit() for c in t) for t in self.sample)

    def numbers_in(self, n: notation.Notation) -> np.ndarray:
        """The number that each text is in this notation."""
        return self._read(n, lambda texts: notation.numbers(texts, n))

    def moments_in(self, formats: tuple[str, ...]) -> np.ndarray:
        """The moment that each text is in these formats."""
        return self._read(formats, lambda texts: dates.moments(texts, formats))

    def some_numbers_in(self, n: notation.Notation, places: np.ndarray) -> np.ndarray:
        """The same of some of the texts, which are read alone where not all of them have been read."""
        if not len(places):
            return np.empty(0)
        if self.last and self.last[0] == n:
            return self.last[1][places]
        return notation.numbers(self.distinct.iloc[places], n)

    def _read(self, way: object, read: Callable[[pd.Series], np.ndarray]) -> np.ndarray:
        """What `read` makes of the texts, remembered, as inference and the contract's standard both ask for it."""
        if self.last is None or self.last[0] != way:
            self.last = way, read(self.distinct)
        return self.last[1]

    def words(self, at_most: int) -> dict[str, int]:
        """{folded text: cells} of the texts without a digit; {} where there are more than `at_most` different ones."""
        found: dict[str, int] = {}
        for text, count in zip(self.sample, self.sample_counts, strict=True):
            if not any(c.isdigit() for c in text):
                found[cells.fold(text)] = found.get(cells.fold(text), 0) + int(count)
        return found if len(found) <= at_most else {}

    def without(self, words: Iterable[str]) -> Texts:
        """The column without the cells that say one of the folded `words`."""
        gone = self._say(words)
        if not gone.any():
            return self
        return Texts(self.name, self.distinct[~gone].reset_index(drop=True), self.counts[~gone], self.odd)

    def holds(self, words: Iterable[str]) -> list[str]:
        """The folded `words` that some cell says."""
        return sorted({cells.fold(text) for text in self.spelled(words)})

    def spelled(self, words: Iterable[str]) -> list[str]:
        """The folded `words` as the cells write them, the most frequent first."""
        at = np.flatnonzero(self._say(words))
        found = zip((-self.counts[at]).tolist(), self.at(at), strict=True)
        return [text for _, text in sorted(found)]

    def _say(self, words: Iterable[str]) -> np.ndarray:
        """Mask of the texts that say one of the folded `words`."""
        words = frozenset(map(cells.fold, words)) - {""}  # an empty one is missing, and no text
        if not words:
            return np.zeros(self.different, dtype=bool)
        if self.different <= SMALL:
            return cells.tokens_among(self.listed, words)
        return cells.is_token(self.distinct, words)


def look_together(columns: Iterable[Texts]) -> None:
    """Which texts of many short columns are plain numbers, and which numbers: one look at all of them."""
    short = [one for one in columns if one.different <= SMALL]
    if len(short) < TOGETHER:
        return
    for begin in range(0, len(short), TOGETHER):
        some = short[begin : begin + TOGETHER]
        numbers, are = notation.simple_cells([text for one in some for text in one.listed])
        ends = np.cumsum([one.different for one in some])
        for one, here in zip(some, np.split(np.arange(len(are)), ends[:-1]), strict=True):
            one.is_simple = are[here]
            if one.is_simple.all():
                one.simple_numbers = numbers[here]


def _mostly(shapes: Sequence[object]) -> bool:
    return sum(one is not None for one in shapes) > 0.5 * len(shapes)


def odd_texts(columns: int) -> int:
    """Different texts of each column that are looked at one by one, in a table of so many: all together are bounded."""
    return max(LEAST_ODD, min(ODD, ALL_ODD // max(columns, 1)))


def spread(places: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of `places`, evenly."""
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).astype(int)]
