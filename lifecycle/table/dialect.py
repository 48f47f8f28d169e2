"""How a file divides its cells: the delimiter, quotes and escapes under which its records agree with each other.

Only the standard library: the generation hook carries a copy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lifecycle.table.records import BLANKS, Dialect, Record, cells_of, records

if TYPE_CHECKING:
    from lifecycle.table.encoding import Survey

DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x01", "\x1f")
SPOKEN = "comma, semicolon, tab, |, ^, ~ or blanks"
_SAMPLE = 200  # lines
_LONG_SAMPLE = 2_000  # lines, of a file whose cells go over several of them
_ENOUGH = 3  # whole records, to go by them alone
_MIN_AGREE = 0.9  # of the lines, that runs of blanks must divide alike, since prose has blanks too


def sniff(lines: list[str], seen: Survey | None = None) -> Dialect:
    """The dialect of a file whose first lines are `lines`; `seen`: what the whole file's bytes told."""
    sample = _sample(lines)
    quote = _quote(sample, seen)
    best = max((Dialect(d, quote) for d in DELIMITERS), key=lambda dialect: _fit(sample, dialect))
    if _usual_width(sample, best) < 2 and _blanks_divide(sample, quote):
        return Dialect(BLANKS, quote)
    if seen is None or seen.spaced_quotes:
        spaced = Dialect(best.delimiter, quote, skip_blank=True)
        if _fit(sample, spaced)[:3] > _fit(sample, best)[:3]:
            best = spaced
    escapes = [line.decode("utf-8", "replace") for line in seen.escapes] if seen else []
    return _escaped(best, sample, escapes)


def usual_width(lines: list[str], dialect: Dialect) -> int:
    """The number of cells that most records have."""
    return _usual_width(_sample(lines), dialect)


def _sample(lines: list[str]) -> list[str]:
    """The first lines, and fewer of them where they are very long."""
    longest = max(map(len, lines[:5]), default=0)
    over_several = any(line.count('"') % 2 for line in lines[:_SAMPLE])
    most = _LONG_SAMPLE if over_several else _SAMPLE
    return lines[: max(5, min(most, 400_000 // max(longest, 1)))]


def _fit(lines: list[str], dialect: Dialect) -> tuple[bool, float, bool, bool, int]:
    """How well the lines agree: as records, or each by itself, which a broken quote does not spoil."""
    alone = [row for line in lines if (row := cells_of(line, dialect))]
    joined = [r.cells for r in _until_cut(lines, dialect) if r.cells]
    return max(_agreement(alone, dialect), _agreement(joined[:-1] or joined, dialect))


def _until_cut(lines: list[str], dialect: Dialect) -> list[Record]:
    """The records up to the one whose quote is open where the sample ends: the lines from there on are the inside of a cell."""
    found: list[Record] = []
    for r in records(lines, 0, dialect):
        found.append(r)
        if r.is_open and len(found) > _ENOUGH:
            return found
    return found


def _agreement(rows: list[list[str]], dialect: Dialect) -> tuple[bool, float, bool, bool, int]:
    widths = [len(row) for row in rows] or [0]
    usual = max(widths, key=widths.count)
    cut = any(dialect.quote in cell for row in rows for cell in row)  # a quoted cell, cut at what does not delimit
    # lines of nothing but a mark are no cells that it parts
    cells = [cell.strip() for row in rows if len(row) == usual for cell in row]
    filled = any(cell and cell.isprintable() for cell in cells)
    return usual > 1 and filled, round(widths.count(usual) / len(widths), 1), not cut, widths[0] == usual, usual


def _usual_width(lines: list[str], dialect: Dialect) -> int:
    return _fit(lines, dialect)[4]


def _quote(lines: list[str], seen: Survey | None) -> str:
    """The double quote, unless cells stand between single ones and none between double ones."""
    if seen is not None and (seen.quotes or not seen.single_quotes):
        return '"'
    text = "".join(lines)
    enclosed = len(re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n]|$)", text, re.MULTILINE))
    return "'" if '"' not in text and enclosed >= max(3, 0.5 * len(lines)) else '"'


def _blanks_divide(lines: list[str], quote: str) -> bool:
    dialect = Dialect(BLANKS, quote)
    widths = [len(cells_of(line, dialect)) for line in lines if line.strip()]
    usual = max(widths, key=widths.count) if widths else 0
    return usual > 1 and len(widths) > 2 and widths.count(usual) >= _MIN_AGREE * len(widths)


def _escaped(plain: Dialect, sample: list[str], suspects: list[str]) -> Dialect:
    """`plain`, or with backslash escapes where more of the lines that have such a backslash then have the usual width."""
    suspects = suspects or [line for line in sample if re.search(r'\\["\',;\t|]', line)]
    if not suspects:
        return plain
    escaped = Dialect(plain.delimiter, plain.quote, escaped=True, skip_blank=plain.skip_blank)
    with_escapes, without = _fit(sample, escaped), _fit(sample, plain)
    if with_escapes[:2] >= without[:2] and with_escapes[3] and not without[3]:
        return escaped  # else the first line, of names, has another number of cells than the rows
    width = without[4]

    def good(dialect: Dialect) -> int:
        alone = [next(records([line], 0, dialect, width), None) for line in suspects]
        return sum(r is not None and not r.reason and len(r.cells or []) == width for r in alone)

    return escaped if good(escaped) > good(plain) else plain
