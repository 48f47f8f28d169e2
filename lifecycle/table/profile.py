"""What `define` remembers of a table: all of it, where it is small; else a sample of its rows, and in a second pass what a sample
cannot show of each column.

The sample is blocks of consecutive rows, chosen by a hash of the block's place: its file, and its lines there. So neither the size
of a part, nor who reads it, nor the rows behind it change which are chosen, and a counter still counts within a block. In all rows
are then looked for: the bounds of numbers and dates, the levels of categories, other words for "no value", and, of columns that may
name what a row is of, all rows of some of their values.

Both passes over all rows are maps over parts. Of a large table whoever does the work reads a part where it lies; this process
holds the sample, the target, and what is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecycle.ground.workplace import CERTAIN, Workplace
from lifecycle.table import cells, draft, groups, levels, vocabulary
from lifecycle.table.conform import Reader, reader_of
from lifecycle.table.contract import DATES, NUMBERS, Field
from lifecycle.table.part import Part
from lifecycle.table.read import (
    SOURCE,
    Broken,
    Form,
    Place,
    RawTable,
    ReadOptions,
    Tables,
    formal,
    is_debris,
    open_tables,
)
from lifecycle.table.roles import Counts
from lifecycle.table.rows import mixed
from lifecycle.table.texts import Texts

if TYPE_CHECKING:
    import pyarrow as pa

ROWS, CELLS = 200_000, 50_000_000  # up to which a table is looked at as a whole
BLOCK = 1_000  # consecutive rows that are chosen together
CLUSTER = 40_000  # rows of whole values, for each column that may say what a row is of
CLUSTER_CELLS = 20_000_000
MOST_CANDIDATES = 12
MOST_LEVELS = 20_000  # different texts of a column that are counted
MOST_ODD = 1_000  # different texts that could not be read
BROKEN_KEPT = 1_000
HELD_BYTES = 400_000_000  # of cells, up to which they are held from one pass to the next
APART = CERTAIN  # bytes of files, from which on it pays that others read them, once for each pass
_KEY = "cookiecutter-ml."
_HIGHEST = 64


class Sampler:
    """Of the rows that come by, those whose hash is small; the more there are, the smaller it must be."""

    def __init__(self, most: int, halvings: int = 0) -> None:
        self.most = most
        self.halvings = halvings
        self.tables: list[pa.Table] = []
        self.hashes: list[np.ndarray] = []
        self.rows = 0

    def add(self, table: pa.Table, hashes: np.ndarray) -> None:
        """`hashes`: one for each row, uint64; rows of one hash are chosen together."""
        self.tables.append(table)
        self.hashes.append(hashes)
        self.rows += len(table)
        if self.halvings:
            self._thin(len(self.tables) - 1)
        while self.rows > self.most and self.halvings < _HIGHEST - 1:
            self.halvings += 1
            self.rows = 0
            for at in range(len(self.tables)):
                self.rows += len(self.tables[at])
                self._thin(at)

    def _thin(self, at: int) -> None:
        self.rows -= len(self.tables[at])
        self.tables[at], self.hashes[at] = of_small_hash(self.tables[at], self.hashes[at], self.halvings)
        self.rows += len(self.tables[at])

    @property
    def share(self) -> float:
        return 0.5**self.halvings

    def table(self) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables(self.tables)


def of_small_hash(table: pa.Table, hashes: np.ndarray, halvings: int) -> tuple[pa.Table, np.ndarray]:
    """The rows whose hash is among the smallest half, halved so often, and their hashes."""
    import pyarrow as pa

    if not halvings:
        return table, hashes
    chosen = (hashes >> np.uint64(_HIGHEST - halvings)) == 0
    return table.filter(pa.array(chosen)), hashes[chosen]


def least_halvings(hashes: np.ndarray, most: int) -> int:
    """How often a sampler of `most` rows halves the range of hashes for these rows, and so at least for more."""
    if len(hashes) <= most:
        return 0
    first_beyond = int(np.partition(hashes, most)[most])
    return min(_HIGHEST + 1 - first_beyond.bit_length(), _HIGHEST - 1)


@dataclass
class FirstLook:
    """What is kept of a part at first. `chosen`: the rows of its blocks whose hash is small, and all its lines that are none;
    `hashes`: of each chosen row's block; `target`: that column alone; `debris`: columns without a name that hold nothing; `last`:
    (its file, the line of its last row)."""

    rows: int
    chosen: Part
    hashes: np.ndarray
    target: Part | None
    debris: set[str]
    last: tuple[str, int] | None


def _first_looks(given: tuple[Part | Place, int], target: str, nameless: frozenset[str]) -> list[FirstLook]:
    """At a part, or at all parts of a place, which is read here; of the blocks a share, halved so often."""
    place, halvings = given
    parts = place.cell_parts() if isinstance(place, Place) else [place]
    return [_first_look(part, halvings, target, nameless) for part in parts]


def _first_look(part: Part, halvings: int, target: str, nameless: frozenset[str]) -> FirstLook:
    table = part.table
    chosen, hashed = of_small_hash(table, hashes_of_blocks(table.column(SOURCE)), halvings)
    answers = Part(table.select([target])) if target in table.column_names else None
    debris = {name for name in nameless if is_debris(name, table.column(name).to_pandas())}
    last = _file_and_line(table.column(SOURCE)[-1]) if len(table) else None
    return FirstLook(len(table), Part(chosen, part.broken), hashed, answers, debris, last)


def _file_and_line(source: pa.Scalar) -> tuple[str, int]:
    name, line = str(source.as_py()).rsplit(":", 1)
    return name, int(line)


def hashes_of_blocks(sources: pa.ChunkedArray) -> np.ndarray:
    """A hash of each row's block, uint64, by the sources of rows of one file."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(sources):
        return np.zeros(0, dtype=np.uint64)
    name, _ = _file_and_line(sources[0])
    lines = pc.cast(pc.utf8_slice_codeunits(sources, len(name) + 1), pa.uint64()).to_numpy()
    return mixed(lines // np.uint64(BLOCK) + hashes(pd.Series([name], dtype="str")))


class FirstPass:
    """What is known of all rows when each part has been looked at once."""

    def __init__(self, tables: Tables) -> None:
        self.most = min(ROWS, max(10_000, CELLS // len(tables.names)))
        self.sampler = Sampler(self.most)
        self.debris = {name for name in tables.names if name.startswith("unnamed_")}
        self.broken: list[Broken] = []
        self.rows = self.n_broken = 0
        self.answers: list[pa.ChunkedArray] = []
        self.lines: dict[str, FileLines] = {}

    def take(self, look: FirstLook) -> None:
        self.rows += look.rows
        self.sampler.add(look.chosen.table, look.hashes)
        self.debris &= look.debris
        broken = look.chosen.broken
        self.n_broken += len(broken)
        self.broken += broken[: max(0, BROKEN_KEPT - len(self.broken))] if self.rows > self.most else broken
        if look.last:
            name, line = look.last
            self.lines.setdefault(name, FileLines()).add(look.rows, line)
        if look.target is not None:
            self.answers += look.target.table.columns

    @property
    def remembered(self) -> list[Broken]:
        """The lines that are no rows; of a large table the first ones."""
        return self.broken[:BROKEN_KEPT] if self.sampler.halvings else self.broken


def read_profiled(folder: str | Path, options: ReadOptions, target: str, at: Workplace | None = None) -> RawTable:
    """As `read_raw`; of a large table a sample, whose `whole` looks at all rows again. `at`: where that is done."""
    at = at or Workplace(1)
    tables = open_tables(folder, options, target, at)
    first, held = FirstPass(tables), Held()
    look = partial(_first_looks, target=target, nameless=frozenset(first.debris))
    apart = tables.size >= APART and tables.lie_apart(at)
    if apart:
        _look_apart(tables, at, look, first)
    else:
        for part in held.keeping(tables.cell_parts()):
            for one in look((part, first.sampler.halvings)):
                first.take(one)
    frame = first.sampler.table().to_pandas().drop(columns=sorted(first.debris))
    facts = [{"file": f.name, **f.fact} for f in tables.files]
    out = RawTable(frame, first.remembered, facts, tables.notes, tables.unusable, options, tables.forms)
    if first.sampler.halvings:
        counts = first.rows, first.rows + first.n_broken
        out.whole = Whole(tables, *counts, frame, _joined(first.answers), at, apart, held.tables or None)
        out.whole.lines = first.lines
    return out


def _look_apart(
    tables: Tables, at: Workplace, look: Callable[[tuple[Part | Place, int]], list[FirstLook]], first: FirstPass
) -> None:
    """The first pass where the files lie apart: each part is read by whoever looks at it."""
    forms: dict[str, Form] = {}
    pairs = at.pairs(
        look,
        tables.places(at, forms),
        lambda one: (one, first.sampler.halvings),
        "define: rows to learn the columns from",
    )
    for place, looks in pairs:
        for one in looks:
            first.take(one)
            if isinstance(place, Place) and place.stretch:
                forms[place.name].add(one.rows, formal(one.chosen.broken))
    tables.check_forms(forms)
    for file in tables.files:
        file.fact["rows"] = first.lines[file.name].rows if file.name in first.lines else 0


class Held:
    """The tables of parts that came by, as long as they are few."""

    def __init__(self) -> None:
        self.tables: list[pa.Table] = []
        self.size = 0

    def keeping(self, parts: Iterator[Part]) -> Iterator[Part]:
        for part in parts:
            self.size += part.table.nbytes
            self.tables.append(part.table)
            if self.size > HELD_BYTES:
                self.tables.clear()
            yield part


def _joined(answers: list[pa.ChunkedArray]) -> pd.Series:
    import pyarrow as pa

    chunks = [chunk for column in answers for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.large_string()).to_pandas()


# ---- all rows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A column whose values, or the `part` of them, may say what a row is of: all rows of some values are wanted."""

    column: str
    part: str = ""

    def keys(self, frame: pd.DataFrame) -> pd.Series:
        return groups.keys(frame, groups.Group(self.column, "", False, self.part))


@dataclass
class Tally:
    """What all rows hold in one column. `low`, `high`: of its numbers or moments; `is_whole`: whether they are whole numbers, or
    days; `counts`: {text: rows} of a category, None where there are too many; `tokens`: words for "no value" as they are spelled."""

    filled: int = 0
    corrupt: int = 0
    low: Any = None
    high: Any = None
    is_whole: bool = True
    counts: dict[str, int] | None = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    ends: list[str] = field(default_factory=list)  # the first and the last moment, as they are written

    def texts(self, of_sample: Texts) -> Texts:
        """The texts of all rows, where they were counted; else the sample's, and those of the bounds."""
        name = of_sample.name
        if self.counts is not None:
            return Texts(
                name, pd.Series(list(self.counts), dtype="str"), np.array(list(self.counts.values()), np.int64)
            )
        known = set(of_sample.distinct[of_sample.distinct.isin(self.ends)])
        more = [text for text in dict.fromkeys(self.ends) if text not in known]
        if not more:
            return of_sample
        distinct = pd.concat([of_sample.distinct, pd.Series(more, dtype="str")], ignore_index=True)
        return Texts(name, distinct, np.append(of_sample.counts, np.ones(len(more), np.int64)))

    def merge(self, other: Tally) -> None:
        self.filled += other.filled
        self.corrupt += other.corrupt
        if other.low is not None:
            self._stretch(other)
        self.is_whole &= other.is_whole
        self.tokens |= other.tokens
        if self.counts is None or other.counts is None:
            self.counts = None
            return
        for text, count in other.counts.items():
            self.counts[text] = self.counts.get(text, 0) + count
        if len(self.counts) > MOST_LEVELS:
            self.counts = None

    def _stretch(self, other: Tally) -> None:
        """Widen the bounds; of two equal ones the first counts."""
        first = self.low is None
        ends = other.ends if first else list(self.ends)
        if not first and other.ends:
            ends = [
                other.ends[0] if other.low < self.low else ends[0],
                other.ends[1] if other.high > self.high else ends[1],
            ]
        self.low = other.low if first else min(self.low, other.low)
        self.high = other.high if first else max(self.high, other.high)
        self.ends = ends


@dataclass
class FileLines:
    """How many rows a file has, and the line of the last one."""

    rows: int = 0
    last: int = 0

    def add(self, rows: int, last: int) -> None:
        self.rows += rows
        self.last = last


@dataclass
class Whole:
    """All rows of a table of which only a sample is held. `target`: the whole column; `rows`, `rows_in`: how many there are, and
    with the lines that are none. `clusters`: for each candidate, all rows of some of its values."""

    tables: Tables
    rows: int
    rows_in: int
    sample: pd.DataFrame
    target: pd.Series
    at: Workplace
    apart: bool  # whether the first pass found that others can read the files
    held: list[pa.Table] | None = None  # the parts, where they are small enough not to be read again
    tallies: dict[str, Tally] = field(default_factory=dict)
    clusters: dict[Candidate, pd.DataFrame] = field(default_factory=dict)
    shares: dict[Candidate, float] = field(default_factory=dict)
    lines: dict[str, FileLines] = field(default_factory=dict)  # {file: its rows}

    @property
    def sampled(self) -> int:
        return len(self.sample)

    def look(self, fields: list[dict[str, Any]], columns: Mapping[str, Any], candidates: Iterable[Candidate]) -> None:
        """The second pass; `fields`: as the sample has them, `columns`: the user's word."""
        wanted = [ColumnLook.of(spec, columns.get(spec["name"]) or {}) for spec in fields if spec["role"] != "target"]
        asked = list(candidates)
        most = min(CLUSTER, max(2_000, CLUSTER_CELLS // (len(self.tables.names) * max(len(asked), 1))))
        samplers = {}
        for candidate in asked:
            # the sample's rows are some of all, so that as few as of them are wanted from the beginning
            samplers[candidate] = Sampler(most, least_halvings(hashes(candidate.keys(self.sample)), most))

        look = partial(_look_at, columns=wanted)
        apart = self.apart or (not self.held and self.tables.lie_apart(self.at))
        given = self._places() if apart else self._parts()
        # what few rows are wanted at last is known better and better
        asked_of = ((one, {c: sampler.halvings for c, sampler in samplers.items()}) for one in given)
        for looks in self.at.map(look, asked_of, "define: all rows", travels=not apart):
            for tallies, found in looks:
                for name, tally in tallies.items():
                    self.tallies.setdefault(name, Tally()).merge(tally)
                for candidate, (rows, keys) in found.items():
                    samplers[candidate].add(rows.table, keys)
        self.held = None
        for candidate, sampler in samplers.items():
            frame = sampler.table().to_pandas().drop(columns=SOURCE)
            self.clusters[candidate] = frame
            self.shares[candidate] = sampler.share

    def _places(self) -> Iterator[Part | Place]:
        return (one if isinstance(one, Place) else _cells(one) for one in self.tables.places(self.at))

    def _parts(self) -> Iterator[Part | Place]:
        return map(Part, self.held) if self.held else map(_cells, self.tables.cell_parts())

    def counts(self, name: str, filled: pd.Series, missing_values: Mapping[str, Any]) -> Counts:
        """What all rows count of a column; `filled`: the sample's cells, from which is guessed what was not counted."""
        tally = self.tallies[name]
        candidate = Candidate(name)
        known = tally.filled + tally.corrupt
        if tally.counts is not None:
            return Counts(self.rows, known, len(tally.counts))
        if candidate in self.clusters:
            values = levels.filled_cells(self.clusters[candidate][name], missing_values)
            return Counts(self.rows, known, min(known, round(values.nunique() / self.shares[candidate])))
        distinct = filled.nunique()
        if distinct > 0.5 * len(filled):
            distinct = round(known * distinct / len(filled))
        return Counts(self.rows, known, distinct)

    def texts_of_target(self, spec: Mapping[str, Any]) -> Texts:
        return Texts.of(spec["name"], self.target, {cells.fold(t) for t in spec["missingValues"]})[0]

    def note(self) -> str:
        return (
            f"types, roles and leaks were looked for in {self.sampled:,} of the {self.rows:,} rows, in blocks chosen by a hash of "
            "their place, and counts in these notes are of those; the target, bounds, levels and words for a missing value are those "
            "of all rows"
        )


def _cells(part: Part) -> Part:
    """What of a part is looked at."""
    return Part(part.table)


# what one part holds in each column, and for each candidate rows of some values, with the hash of each row's value
Look = tuple[dict[str, Tally], dict[Candidate, tuple[Part, np.ndarray]]]


def _look_at(given: tuple[Part | Place, dict[Candidate, int]], columns: list[ColumnLook]) -> list[Look]:
    """A look at a part, or at all parts of a place, which is read here; of each candidate's values a share, halved so often."""
    place, halvings = given
    parts = place.cell_parts() if isinstance(place, Place) else [place]
    return [_look_at_part(part, columns, halvings) for part in parts]


def _look_at_part(part: Part, columns: list[ColumnLook], halvings: dict[Candidate, int]) -> Look:
    frame = part.table.to_pandas()
    tallies = {column.name: column.tally(frame[column.name]) for column in columns}
    found = {}
    for candidate, times in halvings.items():
        rows, keys = of_small_hash(part.table, hashes(candidate.keys(frame)), times)
        found[candidate] = Part(rows), keys
    return tallies, found


@dataclass
class ColumnLook:
    """How the cells of one column are looked at in all rows."""

    name: str
    kind: str
    reader: Reader
    tokens: frozenset[str]  # what may stand for "no value" beyond what the sample has

    @classmethod
    def of(cls, spec: dict[str, Any], override: Mapping[str, Any]) -> ColumnLook:
        tokens = frozenset() if "missingValues" in override else cells.MISSING
        usual = {k: v for k, v in spec.items() if k not in ("constraints", "notes")}
        return cls(spec["name"], spec["type"], reader_of(Field.read(usual), ""), tokens)

    def tally(self, values: pd.Series) -> Tally:
        if self.kind in (*NUMBERS, *DATES, "boolean"):
            return self._of_typed(values)
        return self._of_texts(values)

    def _of_typed(self, values: pd.Series) -> Tally:
        read = self.reader.column(values)
        out = Tally(corrupt=int(read.corrupt.sum()), counts=None)
        known = read.typed[~np.isnan(read.typed)]
        out.filled = len(known)
        if len(known) and self.kind != "boolean":
            out.low, out.high = known.min(), known.max()
            whole = np.floor(known) if self.kind in NUMBERS else known.astype("datetime64[D]")
            out.is_whole = bool((known == whole).all())
        if len(known) and self.kind in DATES:
            places = [int(np.flatnonzero(read.typed == end)[0]) for end in (out.low, out.high)]
            out.ends = [str(text) for text in values.iloc[places]]
        if out.corrupt:
            odd = Counter(map(str, values[read.corrupt].tolist()))
            for text, count in odd.most_common(MOST_ODD):
                if cells.fold(text) in self.tokens:
                    out.tokens.add(text)
                    out.corrupt -= count
        return out

    def _of_texts(self, values: pd.Series) -> Tally:
        codes, distinct = pd.factorize(values)
        texts = pd.Series(distinct, dtype="str")
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        absent = cells.is_token(texts, self.tokens | self.reader.tokens)
        odd = cells.is_garbled(texts)
        out = Tally(int(counts[~absent & ~odd].sum()), int(counts[odd].sum()))
        out.tokens = {str(text) for text in texts[absent] if cells.fold(str(text)) in self.tokens}
        kept = ~absent & ~odd
        if len(texts) > MOST_LEVELS:
            out.counts = None
        else:
            out.counts = dict(zip(map(str, texts[kept].tolist()), counts[kept].tolist(), strict=True))
        return out


def hashes(values: pd.Series) -> np.ndarray:
    """A hash of each text, uint64; an empty one, which names nothing, has the highest. Of each cell, not of each different text: to
    tell these apart costs more where a value has few rows, as in all columns that are asked about."""
    texts = values.to_numpy(dtype=object, na_value="")
    hashed = mixed(pd.util.hash_array(texts, hash_key=_KEY, categorize=False)) if len(texts) else np.zeros(0, np.uint64)
    hashed[texts == ""] = np.uint64(2**64 - 1)
    return hashed


def candidates(kinds: Mapping[str, str], filled: Mapping[str, pd.Series], target: str) -> list[Candidate]:
    """The columns of which all rows of a value are wanted: a sample of rows has hardly two rows of one customer. Where there are
    too many, those that are named like one come first."""
    found = [one for name in kinds if name != target for one in _candidates(name, kinds[name], filled[name])]
    return sorted(found, key=lambda one: not _named(one.column))[:MOST_CANDIDATES]


def _candidates(name: str, kind: str, values: pd.Series) -> Iterator[Candidate]:
    if kind in ("boolean", *DATES) or len(values) < groups.MIN_VALUES:
        return
    distinct = values.nunique()
    if kind in ("string", "integer") and distinct >= 10 and len(values) <= groups.MOST_ROWS * distinct:
        yield Candidate(name)
    if kind != "integer" and distinct >= 0.98 * len(values):
        for part in groups.PARTS:
            if groups.may_count(values, part):
                yield Candidate(name, part)


def _named(column: str) -> bool:
    return vocabulary.is_id(column) or vocabulary.is_thing(column) or vocabulary.is_numbered(column)


def widen(spec: dict[str, Any], tally: Tally, override: Mapping[str, Any]) -> None:
    """What all rows hold beyond the sample: bounds, words for a missing value, and that numbers are not all whole."""
    spec["missingValues"] = sorted({*spec["missingValues"], *tally.tokens})
    if tally.low is None or spec["type"] not in (*NUMBERS, *DATES):
        return
    is_number = spec["type"] in NUMBERS
    say = draft.plain_number if is_number else draft.second
    spec["constraints"] = {"minimum": say(tally.low), "maximum": say(tally.high)}
    if not tally.is_whole and "type" not in override:
        spec["type"] = "number" if is_number else "datetime"
