"""From lines to records: quotes, doubled quotes, backslash escapes, line ends inside cells, and quotes that never close.

Only the standard library: the generation hook carries a copy.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MAX_CELL = 1_000_000  # characters; a longer one is a quote that was never closed
_MAX_WHOLE = 40  # so many lines in a row that have all their cells by themselves are rows, not the inside of a quote
BLANKS = " "  # the delimiter that stands for a run of blanks
BROKEN_QUOTE, TOO_LONG = "broken quote", "a cell too long"


@dataclass
class Broken:
    """A source line that cannot be a row; `structural`: that is the file's form and not what the line says."""

    source: str
    reason: str
    record: str
    structural: bool = True


@dataclass(frozen=True)
class Dialect:
    """How a file divides its cells. `delimiter` is one character, a blank for runs of blanks and tabs."""

    delimiter: str
    quote: str = '"'
    escaped: bool = False  # a backslash takes the meaning from the quote or delimiter behind it
    skip_blank: bool = False  # blanks behind a delimiter are no part of the cell, so that a quote may follow

    def options(self) -> dict[str, Any]:
        escape = "\\" if self.escaped else None
        skips = self.skip_blank or self.delimiter == BLANKS
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": escape,
            "skipinitialspace": skips,
        }

    def prepared(self, line: str) -> str:
        """`line` as the csv module is to see it."""
        if self.delimiter == BLANKS:
            line = line.replace("\t", " ").strip() + "\n"
        if self.escaped and "\\" in line:
            line = re.sub(r"\\(.?)", self._kept, line)
        return line

    def _kept(self, match: re.Match[str]) -> str:
        """Only what divides is escaped: of `\\N` and `C:\\new` each character is meant."""
        divides = match[1] and match[1] in ("\\", self.quote, self.delimiter)
        return match[0] if divides else "\\" + match[0]


@dataclass
class Record:
    """`line`: number of its first line, from 1; `end`: index of the line behind it; `cells`: None where it is broken;
    `is_open`: its quote had not closed where the lines ended."""

    line: int
    end: int
    cells: list[str] | None
    reason: str = ""
    is_open: bool = False


_FORMULA = re.compile(r'="([^"]*)"')


def unwrapped(cell: str) -> str:
    """`="0123"`, which keeps a spreadsheet from making 123 of it, as 0123."""
    found = _FORMULA.fullmatch(cell.strip())
    return found[1] if found else cell


def cells_of(line: str, dialect: Dialect) -> list[str]:
    """The cells of a line taken by itself; none where it is longer than a cell may be."""
    csv.field_size_limit(MAX_CELL)
    try:
        return next(csv.reader([dialect.prepared(line.rstrip("\r\n"))], **dialect.options()), [])
    except csv.Error:
        return []


class _Feed:
    """Lines for the csv module, one record's: ends where the record cannot go on so."""

    def __init__(self, lines: Sequence[str], start: int, dialect: Dialect, width: int | None) -> None:
        self.lines, self.at, self.dialect, self.width = lines, start, dialect, width
        self.start, self.characters, self.whole = start, 0, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at >= len(self.lines):
            raise StopIteration
        line = self.lines[self.at]
        self.characters += len(line)
        if self.at > self.start and self.width and self.width > 2:
            self.whole = self.whole + 1 if _is_whole(line, self.dialect, self.width) else 0
        if self.at > self.start and (self.whole > _MAX_WHOLE or self.characters > MAX_CELL):
            raise StopIteration
        self.at += 1
        return self.dialect.prepared(line)


def record(lines: Sequence[str], start: int, dialect: Dialect, width: int | None) -> Record:
    """The record that begins at index `start`; `width`: the number of cells it should have, None for any.

    A quote that opens and does not close properly would swallow the lines after it: such a line is given up alone, and
    reading goes on at the next one.
    """
    csv.field_size_limit(MAX_CELL)
    feed = _Feed(lines, start, dialect, width)
    try:
        cells = next(csv.reader(feed, strict=True, **dialect.options()), [])
    except csv.Error:
        broken = _alone(lines[start], start, dialect, width)
        broken.is_open = feed.at >= len(lines)
        return broken
    several = feed.at - start > 1
    if several and any(cells) and width is not None:
        if len(cells) != width or _swallowed(list(lines[start : feed.at]), dialect, width):
            return _alone(lines[start], start, dialect, width)
    return Record(start + 1, max(feed.at, start + 1), cells)


def _alone(line: str, start: int, dialect: Dialect, width: int | None) -> Record:
    cells = cells_of(line, dialect)
    good = width is None or len(cells) == width
    reason = BROKEN_QUOTE if len(line) < MAX_CELL else TOO_LONG
    return Record(start + 1, start + 1, cells if good and cells else None, reason)


def _is_whole(line: str, dialect: Dialect, width: int) -> bool:
    """Whether the line by itself has all the cells; prose has a blank behind its commas, and as many only by chance."""
    prose = f"{dialect.delimiter} " in line
    return not prose and (line.count(dialect.delimiter) == width - 1 or len(cells_of(line, dialect)) == width)


def _swallowed(lines: list[str], dialect: Dialect, width: int) -> bool:
    """Whether a record of several lines is rather a quote that was not closed, and the rows after it: each line by
    itself has all the cells; three delimiters are not chance."""
    further = [line for line in lines[1:] if line.strip()]
    return len(further) * (width - 1) >= 3 and all(_is_whole(line, dialect, width) for line in [lines[0], *further])


def records(lines: Sequence[str], start: int, dialect: Dialect, width: int | None = None) -> Iterator[Record]:
    """Each record from index `start` on; lines without a character are none."""
    while start < len(lines):
        found = record(lines, start, dialect, width)
        start = found.end
        if found.cells is None or len(found.cells) > 1 or any(map(str.strip, found.cells)):
            yield found
