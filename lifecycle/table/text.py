"""The rows of a text file, in parts: whole blocks by Arrow, and by Python only the lines that Arrow could misread.

A line goes to Arrow where its bytes alone show that it is a row: the right number of delimiters outside quotes, and each
quote where RFC 4180 has one. Anything else, such as a line end inside a cell, is read as a record by `records`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from lifecycle.ground.errors import UserError
from lifecycle.table import footer
from lifecycle.table.encoding import utf8_blocks
from lifecycle.table.layout import Layout, ReadOptions, fitted
from lifecycle.table.names import SOURCE
from lifecycle.table.part import ROWS, Part, sources, text_table
from lifecycle.table.records import BLANKS, MAX_CELL, Broken, record

if TYPE_CHECKING:
    import pyarrow as pa

_NEWLINE, _RETURN = 10, 13


def text_parts(layout: Layout, reopen: Callable[[], BinaryIO], options: ReadOptions) -> Iterator[Part]:
    """Every record of the file, as a row of some part or as a broken line of it."""
    return footer.checked(_parts(layout, reopen), layout, options)


def _parts(layout: Layout, reopen: Callable[[], BinaryIO]) -> Iterator[Part]:
    first, carry = 0, b""
    aside = list(layout.aside)
    with reopen() as file:
        for block in _blocks(layout, file):
            reader = TextBlock(layout, carry + block.data, first, block.last)
            yield from reader.parts(aside)
            carry, first = reader.left, first + reader.lines_read
            aside = []


class _Piece:
    def __init__(self, data: bytes, last: bool) -> None:
        self.data, self.last = data, last


def _blocks(layout: Layout, file: BinaryIO) -> Iterator[_Piece]:
    """The file's blocks, each with whether it is the last."""
    before = None
    try:
        for data in utf8_blocks(file, layout.seen.encoding):
            if before is not None:
                yield _Piece(before, False)
            before = data
    except (OSError, EOFError, ValueError) as error:
        raise UserError(f"{layout.path} cannot be read to its end ({error}); fetch it again") from error
    yield _Piece(before or b"", True)


class _Lines(Sequence[str]):
    """Lines of a block, decoded when they are looked at."""

    def __init__(self, data: bytes, starts: np.ndarray) -> None:
        self.data, self.starts = data, starts

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        return self.data[self.starts[at] : self.starts[at + 1]].decode("utf-8", "replace")


class TextBlock:
    """One block of whole lines. `left`: bytes of a record that goes on in the next block; `first`: lines read before it."""

    def __init__(self, layout: Layout, data: bytes, first: int, last: bool) -> None:
        self.layout, self.data, self.first, self.last = layout, data, first, last
        self.bytes = np.frombuffer(data, np.uint8)
        self.starts = np.concatenate([[0], _line_ends(self.bytes)])
        if self.starts[-1] != len(data):
            self.starts = np.append(self.starts, len(data))  # the last line has no end
        self.lines = _Lines(data, self.starts)
        self.left = b""
        self.lines_read = len(self.lines)

    def parts(self, aside: list[Broken]) -> Iterator[Part]:
        """Its rows, and what is none; `aside`: lines above them that are none either."""
        table, broken = self.read()
        aside = aside + broken
        for at in range(0, max(len(table), 1), ROWS):
            piece = table.slice(at, ROWS)
            if len(piece) or aside:
                yield Part(piece, aside)
            aside = []

    def read(self) -> tuple[pa.Table, list[Broken]]:
        return self._joined(*self.found())

    def is_plain(self) -> bool:
        """Whether each line is a row by itself, or blank."""
        return bool((self._plain() | _blank(self.bytes, self.starts)).all())

    def found(self) -> tuple[np.ndarray, list[list[str]], list[int], list[Broken]]:
        """(lines that Arrow reads, rows that Python read, the line of each, what is no row)."""
        plain = self._plain()
        begin = max(0, self.layout.first - self.first)
        plain[:begin] = False
        rows: list[list[str]] = []
        numbers: list[int] = []
        broken: list[Broken] = []
        blank = _blank(self.bytes, self.starts)
        odd = np.flatnonzero(~plain & ~blank)
        at = begin
        while at < len(self.lines):
            position = np.searchsorted(odd, at)
            if position == len(odd):
                break
            at = int(odd[position])
            found = record(self.lines, at, self.layout.dialect, self.layout.width)
            if not self.last and found.is_open and len(self.data) - int(self.starts[at]) <= 2 * MAX_CELL:
                self._leave(at)
                plain = plain[: self.lines_read]
                break
            plain[at : found.end] = False
            if found.cells is None or len(found.cells) > 1 or any(map(str.strip, found.cells)):
                text = "".join(self.lines[at : found.end]).rstrip("\r\n")
                cells, reason, structural = fitted(self.layout, found)
                source = f"{self.layout.name}:{self.first + at + 1}"
                if cells is None:
                    broken.append(Broken(source, reason, text[:MAX_CELL], structural))
                else:
                    rows.append(cells)
                    numbers.append(self.first + at + 1)
            at = found.end
        return np.flatnonzero(plain), rows, numbers, broken

    def _leave(self, at: int) -> None:
        self.left = self.data[int(self.starts[at]) :]
        self.lines_read = at

    def _plain(self) -> np.ndarray:
        """Mask of the lines that Arrow cannot misread."""
        dialect, data = self.layout.dialect, self.bytes
        count = len(self.starts) - 1
        if dialect.delimiter == BLANKS or not count:
            return np.zeros(count, dtype=bool)
        delimiters = np.flatnonzero(data == ord(dialect.delimiter))
        quotes = np.flatnonzero(data == ord(dialect.quote))
        cut = np.searchsorted(delimiters, self.starts)
        good = np.diff(cut) == self.layout.width - 1
        if len(quotes):
            good = self._well_quoted(delimiters, cut, quotes)
        good &= np.diff(self.starts) <= MAX_CELL
        for odd in (0, *([ord("\\")] if dialect.escaped else [])):
            if bytes([odd]) in self.data:
                good[np.searchsorted(self.starts, np.flatnonzero(data == odd), "right") - 1] = False
        if self.layout.seen.carriage_returns:
            lone = np.flatnonzero(data == _RETURN)
            last = len(data) - 1
            lone = lone[data[np.minimum(lone + 1, last)] != _NEWLINE]
            good[np.searchsorted(self.starts, lone, "right") - 1] = False
        return good

    def _well_quoted(self, delimiters: np.ndarray, cut: np.ndarray, quotes: np.ndarray) -> np.ndarray:
        """As `_plain`, of lines with quotes: each pair encloses a cell or the text between two doubled quotes."""
        data, width = self.bytes, self.layout.width
        begins = np.searchsorted(quotes, self.starts)
        counts = np.diff(begins)
        line_of = np.repeat(np.arange(len(counts)), counts)
        opens = (np.arange(len(quotes)) - begins[line_of]) % 2 == 0
        last = len(data) - 1
        before = data[np.maximum(quotes - 1, 0)]
        after = data[np.minimum(quotes + 1, last)]
        edge = ord(self.layout.dialect.delimiter)
        is_start = quotes == self.starts[line_of]
        is_end = quotes == last
        doubled_before = np.concatenate([[False], np.diff(quotes) == 1]) & ~is_start
        doubled_after = np.concatenate([np.diff(quotes) == 1, [False]])
        good_open = is_start | (before == edge) | doubled_before
        good_close = is_end | (after == edge) | (after == _NEWLINE) | (after == _RETURN) | doubled_after
        bad = np.where(opens, ~good_open, ~good_close)
        wrong = np.bincount(line_of, weights=bad, minlength=len(counts)) > 0
        # a delimiter between two quotes of a pair stands inside a cell; counted by pairs, of which there are far fewer
        paired = counts % 2 == 0
        opening, closing = opens & paired[line_of], ~opens & paired[line_of]
        inside = np.searchsorted(delimiters, quotes[closing]) - np.searchsorted(delimiters, quotes[opening])
        outside = np.diff(cut) - np.bincount(line_of[opening], weights=inside, minlength=len(counts))
        return (outside == width - 1) & paired & ~wrong

    def _joined(
        self, plain: np.ndarray, rows: list[list[str]], numbers: list[int], broken: list[Broken]
    ) -> tuple[pa.Table, list[Broken]]:
        """The lines that Arrow reads and the rows that Python read, in the order of their lines."""
        import pyarrow as pa

        columns = [str(i) for i in range(self.layout.width)]
        byhand = text_table(self.layout.name, columns, rows, numbers)
        if not len(plain):
            return byhand, broken
        table = self._arrow(plain, columns)
        lines = plain + self.first + 1
        table = table.append_column(SOURCE, sources(self.layout.name, pa.array(lines)))
        table, lines, again = self._without_heads(table, lines)
        broken = sorted(broken + again, key=lambda b: int(b.source.rsplit(":", 1)[1]))
        if numbers:
            order = np.argsort(np.concatenate([lines, numbers]), kind="stable")
            table = pa.concat_tables([table, byhand]).take(pa.array(order))
        return table, broken

    def _arrow(self, plain: np.ndarray, columns: list[str]) -> pa.Table:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        dialect, kind = self.layout.dialect, pa.large_string()
        if len(plain) == len(self.lines):
            data = pa.py_buffer(self.data)
        elif plain[-1] - plain[0] + 1 == len(plain):
            data = pa.py_buffer(self.data).slice(
                int(self.starts[plain[0]]), int(self.starts[plain[-1] + 1] - self.starts[plain[0]])
            )
        else:
            data = pa.py_buffer(_runs(self.data, self.starts, plain))
        quote = dialect.quote if self.layout.seen.quotes or dialect.quote != '"' else False
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(column_names=columns, block_size=data.size + 1),
            arrow_csv.ParseOptions(delimiter=dialect.delimiter, quote_char=quote, ignore_empty_lines=False),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, kind), strings_can_be_null=False, quoted_strings_can_be_null=False
            ),
        ).combine_chunks()
        return _unwrapped(table) if self.layout.seen.formulas else table

    def _without_heads(self, table: pa.Table, lines: np.ndarray) -> tuple[pa.Table, np.ndarray, list[Broken]]:
        """Take out the rows that are the header once more, or a rule below it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        first = table.column(0)
        suspect = pc.match_substring_regex(first, r"^\s*:?[-=]{3,}:?\s*$")
        for head in self.layout.heads:
            if len(head) == self.layout.width:
                suspect = pc.or_(suspect, pc.equal(first, pa.scalar(head[0], pa.large_string())))
        if not pc.any(suspect).as_py():
            return table, lines, []
        keep = np.ones(len(table), dtype=bool)
        again = []
        for at in np.flatnonzero(suspect.to_numpy()):
            cells = [table.column(c)[int(at)].as_py() for c in range(self.layout.width)]
            line = int(lines[at])
            row, reason, structural = fitted(self.layout, _record_of(line, cells))
            if row is None:
                keep[at] = False
                text = self.lines[line - 1 - self.first].rstrip("\r\n")
                again.append(Broken(f"{self.layout.name}:{line}", reason, text, structural))
        return table.filter(pa.array(keep)), lines[keep], again


def _unwrapped(table: pa.Table) -> pa.Table:
    """Cells such as `="0123"` as 0123."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [pc.replace_substring_regex(column, r'^\s*="([^"]*)"\s*$', r"\1") for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _record_of(line: int, cells: list[str]):  # type: ignore[no-untyped-def]
    from lifecycle.table.records import Record

    return Record(line, line, cells)


def _line_ends(data: np.ndarray) -> np.ndarray:
    """Positions behind each line end: \\n, \\r\\n, or \\r alone."""
    newlines = np.flatnonzero(data == _NEWLINE)
    returns = np.flatnonzero(data == _RETURN)
    if len(returns) and len(data):
        alone = returns[data[np.minimum(returns + 1, len(data) - 1)] != _NEWLINE]
        if len(alone):
            newlines = np.sort(np.concatenate([newlines, alone]))
    return newlines + 1


def _blank(data: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Mask of the lines that hold nothing but a line end."""
    lengths = np.diff(starts)
    first = data[np.minimum(starts[:-1], max(len(data) - 1, 0))]
    return (lengths <= 2) & ((first == _NEWLINE) | (first == _RETURN))


def _runs(data: bytes, starts: np.ndarray, chosen: np.ndarray) -> bytes:
    """The bytes of the chosen lines, copied a run at a time."""
    breaks = np.flatnonzero(np.diff(chosen) > 1)
    firsts = np.concatenate([chosen[:1], chosen[breaks + 1]])
    lasts = np.concatenate([chosen[breaks], chosen[-1:]])
    out = io.BytesIO()
    for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True):
        out.write(data[starts[a] : starts[b + 1]])
    return out.getvalue()
