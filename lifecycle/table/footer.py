"""Totals, sources and notes below a table: no rows, and found by evidence before anything is learned from the rows.

A row is a total where a cell says so in some language and its numbers bear it out: they are the sums or means of the columns
above, or are missing where all rows have them. Without a word, sums must stand in two columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lifecycle.table import units
from lifecycle.table.formats import HEAD
from lifecycle.table.labels import (
    NOTE,
    SUBTOTAL_PATTERN,
    TOTAL,
    is_note_label,
    is_statistic_label,
    is_subtotal_label,
    is_sum_mark,
    is_total_label,
    named_notes,
)
from lifecycle.table.layout import check_shape
from lifecycle.table.names import SOURCE
from lifecycle.table.part import Part
from lifecycle.table.records import Broken

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle.table.layout import Layout, ReadOptions

HELD = 40  # last rows, that may be totals and notes
MOST_FIGURES = 9  # of which each is on all rows: a mean, a deviation, quartiles
_MARKS = re.compile(r"[^\d.,eE+()-]")
_CODE = re.compile(r"([^\W\d_]+)[-_.]?\d")


class Columns:
    """What the rows above say of each column: of numbers how many, their sum and maximum; how often a cell is filled."""

    def __init__(self, sample: list[list[str]], width: int, delimiter: str) -> None:
        self.width = width
        sample = sample[: max(20, 200_000 // width)]
        columns = [[row[c].strip() for row in sample] for c in range(width)]
        filled = [[cell for cell in column if cell] for column in columns]
        self.usually = [len(f) >= 0.8 * max(len(sample), 1) for f in filled]
        self.numeric = [_mostly_numbers(f) for f in filled]
        self.comma = [_decimal_comma(f, delimiter) for f in filled]
        self.count = np.zeros(width)
        self.sum = np.zeros(width)
        self.largest = np.full(width, -np.inf)
        self.rows = 0
        self.seen = [Counter(column) for column in columns]
        self.met = filled

    def exceeds(self, cells: list[str]) -> bool:
        """Whether each number of the row is larger than the first rows' largest, as a sum of them all must be."""
        larger = []
        for c, cell in enumerate(cells[: self.width]):
            value = to_number(cell.strip(), self.comma[c])
            if self.numeric[c] and np.isfinite(value):
                above = np.array([to_number(one, self.comma[c]) for one in self.met[c]])
                larger.append(abs(value) > np.abs(above[np.isfinite(above)]).max(initial=0))
                if not larger[-1]:
                    return False
        return bool(larger)

    def towers(self, cells: list[str]) -> bool:
        """Whether each number of the row is three times the largest that the other first rows have."""
        higher = []
        for c, cell in enumerate(cells[: self.width]):
            value = abs(to_number(cell.strip(), self.comma[c]))
            if self.numeric[c] and np.isfinite(value):
                others = np.abs([to_number(one, self.comma[c]) for one in self.met[c]])
                others = np.sort(others[np.isfinite(others)])
                higher.append(len(others) > 5 and value >= others[-1] and value > 3 * others[-2])
        return bool(higher) and all(higher)

    def has_subtotals(self, sample: list[list[str]]) -> bool:
        """Whether the first rows are parted by sums of those above, so that the others have to be looked at."""
        marked = [at for at, row in enumerate(sample[:-1]) if self.may_sum_up(row)]
        begins = [0, *(at + 1 for at in marked)]
        blocks = [(sample[at], sample[begin:at]) for begin, at in zip(begins, marked, strict=False)]
        good = [self.sums_up(cells, above) for cells, above in blocks]
        if sum(good) <= 0.5 * len(good):
            return False  # one row of a level of that name may do so by chance
        return not any(self._have_words_of_their_own(c, blocks) for c in range(self.width))

    def _have_words_of_their_own(self, c: int, blocks: list[tuple[list[str], list[list[str]]]]) -> bool:
        """Whether the rows that sum up say in a column what the rows above do not all say: in a laboratory the total has a result
        too, and is measured as its fractions are. A dash, an id, or the day of the last row above is no such word."""
        if self.numeric[c]:
            return False
        words = [([row[c].strip() for row in above], cells[c].strip()) for cells, above in blocks]
        words = [(above, cell) for above, cell in words if above and cell and not is_subtotal_label(cell)]
        if len(words) < 0.8 * len(blocks):
            return False
        ordinary = {word for above, _ in words for word in above}
        own = sum(cell in ordinary and set(above) != {cell} for above, cell in words)
        copied = max(sum(above[at] == cell for above, cell in words) for at in (0, -1))
        return own > 0.2 * len(blocks) and copied < 0.95 * len(words)

    def is_labelled(self, cells: list[str]) -> bool:
        return any(is_total_label(cell) for c, cell in enumerate(cells) if not self.numeric[c])

    def may_sum_up(self, cells: list[str]) -> bool:
        words = [cell for c, cell in enumerate(cells) if not self.numeric[c] or not _is_number(cell.strip())]
        return any(map(is_subtotal_label, words))

    def sums_up(self, cells: list[str], above: list[list[str]]) -> bool:
        """Whether every number of the row is the sum of the block above it."""
        numbers = 0
        for c, cell in enumerate(cells):
            if not self.numeric[c] or not cell.strip():
                continue
            value = to_number(cell, self.comma[c])
            if not np.isfinite(value):
                continue  # the word or mark that says so
            values = [to_number(row[c], self.comma[c]) for row in above]
            total = float(np.nansum(values)) if values else np.nan
            close = max(_rounding(cell), 1e-6 * abs(total))
            if len(values) < 2 or abs(value - total) > close or total == 0:
                return False
            numbers += 1
        return numbers > 0

    def add(self, table: pa.Table) -> None:
        self.rows += len(table)
        for c in range(self.width):
            if self.numeric[c]:
                values = _numbers(table.column(c), self.comma[c])
                values = values[np.isfinite(values)]
                self.count[c] += len(values)
                self.sum[c] += values.sum()
                self.largest[c] = max(self.largest[c], np.abs(values).max(initial=0))


def checked(parts: Iterator[Part], layout: Layout, options: ReadOptions) -> Iterator[Part]:
    """The parts without totals and notes at their end. UserError at the last, where too little of the file is rows."""
    broken: list[Broken] = []
    rows = 0
    for part in without_footers(parts, layout):
        rows += len(part.table)
        broken += part.broken
        yield part
    check_shape(layout.path, rows, broken, layout, options)


def without_footers(parts: Iterator[Part], layout: Layout, held: int = HELD, begins: bool = True) -> Iterator[Part]:
    """The parts, less the totals and notes among the last `held` rows, which go to `broken` with their reason. `begins`: whether
    the first part is the file's."""
    before: Part | None = None
    columns = Columns(layout.sample, layout.width, layout.dialect.delimiter)
    suspicious = may_have_totals(layout, columns)
    inner = columns.has_subtotals(layout.sample)
    for part in parts:
        if before is None and begins:
            part = without_first_total(part, columns)
        if inner:
            part = without_subtotals(part, columns)
        if before is not None:
            joined = _concat(before.table, part.table)
            cut = max(0, len(joined) - held)
            part = Part(joined.slice(cut), part.broken)
            if suspicious:
                columns.add(joined.slice(0, cut))
            yield Part(joined.slice(0, cut), before.broken)
        before = part
    if before is None:
        return
    cut = max(0, len(before.table) - held)
    if suspicious:
        columns.add(before.table.slice(0, cut))
    yield settle(before, cut, columns)


def needs_all_rows(layout: Layout) -> bool:
    """Whether what is a total is told from all rows, and not from the first and the last."""
    columns = Columns(layout.sample, layout.width, layout.dialect.delimiter)
    return may_have_totals(layout, columns) or columns.has_subtotals(layout.sample)


def begun(parts: Iterator[Part], layout: Layout) -> Iterator[Part]:
    """A file's first parts, less a total above the rows."""
    for at, part in enumerate(parts):
        yield part if at else without_first_total(part, Columns(layout.sample, layout.width, layout.dialect.delimiter))


def without_first_total(part: Part, columns: Columns) -> Part:
    """`part` without a total that stands above the rows: it says so, and its numbers are far beyond those of all the others."""
    for at in range(min(2, len(part.table))):
        cells = [column[at].as_py() for column in part.table.columns[:-1]]
        if columns.is_labelled(cells) and columns.towers(cells):
            source = part.table.column(SOURCE)[at].as_py()
            kept = [i for i in range(len(part.table)) if i != at]
            return Part(part.table.take(kept), [*part.broken, Broken(source, TOTAL, ",".join(cells), False)])
    return part


def without_subtotals(part: Part, columns: Columns) -> Part:
    """`part` without the rows between others that say that they sum up the block above, and do."""
    import pyarrow as pa
    import pyarrow.compute as pc

    marked = np.zeros(len(part.table), dtype=bool)
    for c in range(columns.width):
        marked |= np.asarray(pc.match_substring_regex(part.table.column(c), SUBTOTAL_PATTERN, ignore_case=True))
    keep = ~marked
    broken = list(part.broken)
    begin = 0
    for at in np.flatnonzero(marked).tolist():
        rows = list(
            zip(*(column.to_pylist() for column in part.table.slice(begin, at + 1 - begin).columns), strict=True)
        )
        cells, above = list(rows[-1][:-1]), [list(row[:-1]) for row in rows[:-1]]
        if columns.may_sum_up(cells) and columns.sums_up(cells, above):
            broken.append(Broken(str(rows[-1][-1]), TOTAL, ",".join(cells), False))
            begin = at + 1
        else:
            keep[at] = True
    return Part(part.table.filter(pa.array(keep)), broken)


def may_have_totals(layout: Layout, columns: Columns) -> bool:
    """Whether sums are worth their time: the file's last lines hold a word for a total, or lack cells that rows have and
    hold numbers that can be sums."""
    from lifecycle.table.records import records

    if layout.seen.encoding.startswith(("utf-16", "utf-32")):
        return True  # the tail may begin within a letter
    apart = layout.seen.size > HEAD + 2 * len(layout.seen.tail)  # else the last rows may be among the first
    text = layout.seen.tail.decode(layout.seen.encoding, "ignore")
    lines = text.splitlines(keepends=True)[-60:]
    last = [r.cells for r in records(lines, 0, layout.dialect, layout.width) if r.cells][-30:]
    for cells in last:
        if any(is_total_label(cell) or is_sum_mark(cell) for cell in cells):
            return True
        if len(cells) != layout.width or (apart and not columns.exceeds(cells)):
            continue
        if any(columns.usually[c] and not cells[c].strip() for c in range(layout.width)):
            return True
    return False


def settle(part: Part, cut: int, columns: Columns) -> Part:
    """`part` without the totals and notes at its end; only rows from `cut` on are looked at."""
    table = part.table
    columns_cut = [column.slice(cut).to_pylist() for column in table.columns[:-1]]
    rows = [list(row) for row in zip(*columns_cut, strict=True)]
    found: dict[int, str] = {}
    for at in range(len(rows) - 1, -1, -1):
        cells = rows[at]
        if not any(map(str.strip, cells)):
            continue
        above = rows[:at]
        if is_note(cells, columns):
            found[at] = NOTE
        elif is_total(cells, above, columns) or is_statistic(cells, rows, columns):
            found[at] = TOTAL
        else:
            break
    broken = list(part.broken)
    if found:
        origins = table.column(SOURCE)
        for at, reason in sorted(found.items()):
            broken.append(Broken(origins[cut + at].as_py(), reason, ",".join(rows[at]), False))
        keep = np.ones(len(table), dtype=bool)
        keep[[cut + at for at in found]] = False
        import pyarrow as pa

        table = table.filter(pa.array(keep))
    return Part(table, named_notes(broken, _last_line(table)))


def _last_line(table: pa.Table) -> int:
    return int(table.column(SOURCE)[-1].as_py().rsplit(":", 1)[1]) if len(table) else 0


def is_note(cells: list[str], columns: Columns) -> bool:
    """One text alone, or few with a word for source or note, in a table whose rows are filled."""
    filled = [(c, cell.strip()) for c, cell in enumerate(cells) if cell.strip()]
    usual = sum(columns.usually)
    if usual < 2 or len(filled) > max(1, usual // 2):
        return False
    at, text = filled[0]
    if is_total_label(text):
        return False
    alone = len(filled) == 1 and at == 0 and columns.seen[at][text] <= 1 and not _is_number(text)
    prose = alone and (columns.numeric[at] or " " in text) and usual > 2
    return prose or is_note_label(text)


def is_statistic(cells: list[str], rows: list[list[str]], columns: Columns) -> bool:
    """Whether the row says how the rows above are spread, as `describe` does: a word for it that no other row has, no other text,
    and numbers that can be that. `rows`: the last ones; of Min and Max, which are names too, another must stand among them."""
    texts = [c for c, cell in enumerate(cells) if cell.strip() and not (columns.numeric[c] and _is_number(cell))]
    words = [c for c, cell in enumerate(cells) if is_statistic_label(cell) and not _are_shares(columns.met[c])]
    if len(words) != 1 or set(texts) - set(words) or columns.seen[words[0]][cells[words[0]].strip()] > 1:
        return False
    at, word = words[0], cells[words[0]].strip()
    if sum(row[at].strip() == word for row in rows) > 1:
        return False  # the last level of a sorted column
    labelled = sum(is_statistic_label(row[at]) or is_total_label(row[at]) for row in rows[-MOST_FIGURES:])
    lacks_text = any(columns.usually[c] and not columns.numeric[c] for c in range(columns.width) if c != at)
    if labelled < 2 and (not lacks_text or re.match(r"m[aá]x|m[ií]n|sd|var|\d", word, re.IGNORECASE)):
        return False
    data = [row for row in rows if not is_statistic_label(row[at]) and not is_total_label(row[at])]
    figures = [c for c, cell in enumerate(cells) if c != at and cell.strip()]
    return bool(figures) and all(_can_be(word, cells[c], [row[c] for row in data], c, columns) for c in figures)


def _are_shares(filled: list[str]) -> bool:
    """Whether the column itself holds 25%, 50%, ..."""
    return sum(cell.endswith("%") for cell in filled) > MOST_FIGURES // 2


def _can_be(word: str, cell: str, last: list[str], c: int, columns: Columns) -> bool:
    """Whether the cell may be that figure on the column, by its last cells and the first ones."""
    value = to_number(cell.strip(), columns.comma[c])
    if not columns.numeric[c] or not np.isfinite(value):
        return True
    near = np.array([to_number(one, columns.comma[c]) for one in last])
    near = near[np.isfinite(near)]
    if not len(near):
        return True
    far = np.array([to_number(one, columns.comma[c]) for one in columns.met[c]])
    close = _rounding(cell)
    if re.match(r"m[aá][xs]|最大", word, re.IGNORECASE):
        return bool(value + close >= near.max() and (far > value + close).sum() <= MOST_FIGURES)
    if re.match(r"m[ií]n|最小", word, re.IGNORECASE):
        return bool(value - close <= near.min() and (far < value - close).sum() <= MOST_FIGURES)
    least, most = min(near.min(), np.nanmin(far)), max(near.max(), np.nanmax(far))
    if re.match(r"m[eé]d|quart|медиана|中|\d", word, re.IGNORECASE):
        return bool(least - close <= value <= most + close)
    if re.match(r"count|anzahl", word, re.IGNORECASE):
        return bool(value >= len(near) and value == round(value))
    widest = (most - least) / np.sqrt(2)  # the deviation of two numbers; of more it is less
    return bool(0 <= value <= close + (widest**2 if re.match("var", word, re.IGNORECASE) else widest))


def is_total(cells: list[str], above: list[list[str]], columns: Columns) -> bool:
    """Whether words and numbers say that the row sums or averages those above."""
    label = any(
        is_total_label(cell) and columns.seen[c][cell.strip()] <= 1
        for c, cell in enumerate(cells)
        if not columns.numeric[c] or not _is_number(cell)
    )
    rows = columns.rows + len(above)
    sums = means = counts = filled = missing = larger = 0
    for c, cell in enumerate(cells):
        text = cell.strip()
        if not text:
            missing += columns.usually[c]
            continue
        value = to_number(text, columns.comma[c])
        if not columns.numeric[c] or not np.isfinite(value):
            continue
        filled += 1
        values = np.array([to_number(row[c], columns.comma[c]) for row in above])
        values = values[np.isfinite(values)]
        count, total = columns.count[c] + len(values), columns.sum[c] + values.sum()
        largest = max(columns.largest[c], np.abs(values).max(initial=0))
        close = max(_rounding(text), 1e-3 * abs(total) if label else 1e-6 * abs(total))
        is_sum = abs(value - total) <= close and abs(total) > largest
        is_mean = (
            label and bool(count) and abs(value - total / count) <= max(_rounding(text), 1e-6 * abs(total / count))
        )
        sums += is_sum
        means += is_mean
        counts += value == rows
        larger += abs(value) > 3 * largest > 0
    if label:
        return bool(sums or counts or missing or larger or means == filled)
    if sums == filled > 0 and any(map(is_sum_mark, cells)):
        return True
    return rows >= 5 and ((sums >= 2 and sums == filled) or (sums == filled == 1 and missing >= 2))


def to_number(text: str, comma: bool) -> float:
    """A cell as a number for the sake of a sum, else NaN: currency, unit and marks of thousands left out."""
    text = _MARKS.sub("", text.replace("\u2212", "-")).strip()
    negative = text.startswith("(") and text.endswith(")")
    text = text.strip("()").replace("." if comma else ",", "").replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return -value if negative else value


def _numbers(column: pa.ChunkedArray, comma: bool) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column)
    text = pc.replace_substring(text, "." if comma else ",", "")
    if comma:
        text = pc.replace_substring(text, ",", ".")
    text = pc.if_else(pc.equal(text, pa.scalar("", pa.large_string())), pa.scalar(None, pa.large_string()), text)
    try:
        return np.asarray(pc.cast(text, pa.float64()).to_numpy(), dtype=float)
    except pa.ArrowInvalid:
        return _with_units(column, text, comma)


def _with_units(column: pa.ChunkedArray, text: pa.ChunkedArray, comma: bool) -> np.ndarray:
    """As `to_number` has it, of cells that hold more than digits: what is digits once marks are gone, by Arrow."""
    import pyarrow as pa
    import pyarrow.compute as pc

    bare = pc.replace_substring_regex(text, r"[^0-9.,eE+()-]", "")
    simple = np.asarray(pc.fill_null(pc.match_substring_regex(bare, r"^-?[0-9]+(\.[0-9]*)?$"), False))
    out = np.full(len(simple), np.nan)
    out[simple] = pc.cast(bare.filter(pa.array(simple)), pa.float64()).to_numpy()
    rest = np.flatnonzero(~simple & np.asarray(pc.is_valid(text)))
    out[rest] = [to_number(cell, comma) for cell in column.take(pa.array(rest)).to_pylist()]
    return out


_PLAIN = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?")


def _is_number(text: str) -> bool:
    if _PLAIN.fullmatch(text):
        return True
    code = _CODE.match(text)
    if code and not units.is_currency(code[1]):
        return False  # F12 is a name
    return bool(np.isfinite(to_number(text, False))) and sum(c.isdigit() for c in text) * 2 >= len(text)


def _mostly_numbers(filled: list[str]) -> bool:
    good = sum(_is_number(cell) for cell in filled)
    return bool(filled) and good >= 0.8 * len(filled)


def _decimal_comma(filled: list[str], delimiter: str) -> bool:
    """Whether the comma is the decimal mark: in a cell where it cannot be one of thousands, or in a file parted by ;"""
    commas = [cell for cell in filled if "," in cell]
    if any("." in cell and cell.rindex(".") > cell.rindex(",") for cell in commas):
        return False
    sure = any(re.search(r",(\d{1,2}|\d{4,})\D*$", cell) for cell in commas)
    return sure or (delimiter == ";" and (bool(commas) or all(re.search(r"\.\d{3}$", c) for c in filled if "." in c)))


def _rounding(text: str) -> float:
    """Half of the last digit that is written."""
    found = re.search(r"[.,](\d+)\D*$", text)
    return 0.51 * 10.0 ** -len(found[1]) if found and len(found[1]) != 3 else 0.51


def _concat(one: pa.Table, other: pa.Table) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([one, other])
