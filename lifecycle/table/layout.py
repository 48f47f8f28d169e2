"""How a text file is laid out: encoding, dialect, names of columns, where the rows begin, and which of its records are rows.

Only the standard library: the generation hook carries a copy, so that it refuses what `define` would.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lifecycle.ground.errors import UserError, nearest
from lifecycle.table import dialect as dialects
from lifecycle.table.encoding import Survey, encoding_of_names, survey, utf8_blocks
from lifecycle.table.formats import HEAD
from lifecycle.table.header import find_header
from lifecycle.table.labels import named_notes
from lifecycle.table.names import tidy_name, unique_names
from lifecycle.table.records import BLANKS, Broken, Dialect, Record, records, unwrapped

if TYPE_CHECKING:
    from lifecycle.table.contract import Contract
    from lifecycle.table.notation import Notation

_RULED = re.compile(r"\s*:?[-=]{3,}:?\s*$")
_CONFLICT = re.compile(r"(<{7}|>{7}|\|{7}) |={7}$")
_COMMENT = re.compile(r"\s*(#|//)")
_EXCEL = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)


@dataclass
class ReadOptions:
    """What params.yaml says about reading, and the contract remembers.

    `was`: earlier names of a column. `max_broken`: share of a file's rows that may be no rows for one reason of form.
    `own_names`: the file may be one of the house's own, whose columns have reserved names.
    """

    encoding: str = ""
    sheet: str = ""
    was: dict[str, list[str]] = field(default_factory=dict)
    max_broken: float = 0.05
    own_names: bool = False
    expected: tuple[str, ...] = ()  # names of columns, from the contract
    wanted: tuple[str, ...] = ()  # names of columns that params.yaml or the contract knows
    notations: Mapping[str, Notation] = field(default_factory=dict)  # of numbers, from the contract

    @classmethod
    def from_params(cls, define: Mapping[str, Any], columns: Mapping[str, Any]) -> ReadOptions:
        """From the blocks `define` and `columns`; UserError where a value is of another kind."""
        given = {key: define.get(key) or "" for key in ("encoding", "sheet")}
        for key, value in given.items():
            if not isinstance(value, str):
                raise UserError(f"params.yaml: define.{key} is {value!r}; it takes a name in quotes, or '' for none")
        share = define.get("max_broken", cls.max_broken)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise UserError(f"params.yaml: define.max_broken is {share!r}; it takes a number from 0 to 1")
        wanted = tuple(str(name) for name in columns)
        return cls(given["encoding"], given["sheet"], _earlier(columns), float(share), wanted=wanted)

    @classmethod
    def of(cls, contract: Contract, own_names: bool = False) -> ReadOptions:
        """As `define` read the table, from the contract."""
        known = contract.source.get("read") or {}
        fields = {f.name: f.spec for f in contract.fields}
        share = float(known.get("max_broken", cls.max_broken))
        from lifecycle.table.notation import of_field  # late: the hook has neither numpy nor a contract

        return cls(
            str(known.get("encoding", "")),
            str(known.get("sheet", "")),
            _earlier(fields),
            share,
            own_names,
            tuple(fields),
            tuple(fields),
            {f.name: of_field(f) for f in contract.fields if f.is_number},
        )

    def write(self) -> dict[str, Any]:
        """What the contract remembers: nothing, where all is as usual."""
        usual = ReadOptions()
        keys = ("encoding", "sheet", "max_broken")
        read = {key: getattr(self, key) for key in keys if getattr(self, key) != getattr(usual, key)}
        return {"read": read} if read else {}


def _earlier(columns: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names that each column had before, as its `was` says."""
    return {name: [tidy_name(str(old)) for old in c["was"]] for name, c in columns.items() if c and "was" in c}


@dataclass
class Layout:
    """`names`: of each column; `width`: cells a row has; `first`: index of the first line of rows."""

    path: Path
    name: str
    names: list[str]
    width: int
    first: int
    dialect: Dialect
    seen: Survey
    heads: list[list[str]]  # cells of the lines that name the columns: where they come again, they are no row
    labels: list[str]
    sample: list[list[str]]  # the first rows
    aside: list[Broken]
    notes: list[str]
    written: list[str] = field(default_factory=list)  # the names as the file has them
    name_lines: tuple[int, ...] = ()  # the lines that hold them

    def form(self) -> dict[str, Any]:
        """The dialect of a text file, as the Frictionless standard has it."""
        out: dict[str, Any] = {"delimiter": self.dialect.delimiter, "headerRows": list(self.name_lines)}
        if self.dialect.quote != '"':
            out["quoteChar"] = self.dialect.quote
        if self.dialect.escaped:
            out["escapeChar"] = "\\"
        if self.dialect.skip_blank or self.dialect.delimiter == BLANKS:
            out["skipInitialSpace"] = True
        units = list(range(max(self.name_lines, default=0) + 1, self.first + 1))
        return out | ({"commentRows": units} if units else {})


def text_layout(
    path: Path, name: str, reopen: Callable[[], BinaryIO], options: ReadOptions, limit: int | None = None
) -> Layout:
    """Look at the file; `limit`: no further than so many bytes. UserError where there is no table in it."""
    with reopen() as file:
        seen = survey(file, options.encoding, limit)
    if not options.encoding and not seen.encoding.startswith("utf"):
        with reopen() as file:
            known = encoding_of_names(file.read(HEAD), seen.encoding, options.wanted)
        if known != seen.encoding:
            seen.encoding, seen.others, seen.sure = known, [], True
    with reopen() as file:
        lines = head_lines(file, seen)
    skip, delimiter = 0, ""
    while skip < len(lines) and not lines[skip].strip():
        skip += 1
    if skip < len(lines) and (excel := _EXCEL.match(lines[skip])):
        skip, delimiter = skip + 1, excel[1]  # a line that Excel writes for itself
    while skip < len(lines) and not lines[skip].strip():
        skip += 1
    if skip == len(lines):
        raise UserError(f"{path} is empty; put a table there: a line of column names, then the rows")
    dialect = dialects.sniff(lines[skip:], seen)
    if delimiter:
        dialect = Dialect(delimiter, dialect.quote, dialect.escaped, dialect.skip_blank)
    found = _first_records(lines, skip, dialect)
    if found[0].reason:
        raise UserError(f"{path}:{found[0].line} is not a line of column names ({found[0].reason}); mend its quotes")
    if seen.formulas:
        found = [replace(r, cells=r.cells and [unwrapped(cell) for cell in r.cells]) for r in found]
    header = find_header(path, found, options.wanted)
    if len(header.cells) < 2:
        raise UserError(
            f"{path} has one column under each delimiter tried ({dialects.SPOKEN}); "
            "a table needs a target and at least one feature, separated by one of these"
        )
    names, notes = named(name, header.cells, options)
    heads = [r.cells for r in found if r.line in header.lines and r.cells]
    below = [r.cells for r in found if r.line > max(header.lines) and r.cells and len(r.cells) == len(names)]
    aside = [Broken(f"{name}:{r.line}", reason, lines[r.line - 1].rstrip("\r\n"), False) for r, reason in header.aside]
    if len(header.lines) > 1:
        at = " and ".join(map(str, header.lines))
        notes.append(f"{name}: the column names stand on two lines ({at}) and are read as one, such as {spoken(names)}")
    if header.rows_are_named:
        notes.append(
            f"{name}: the header has one name fewer than the rows have cells, so the first cell of each row is taken for the row's "
            "name; if another column lacks its name, add it to the header"
        )
    notes += _spoken_of(name, seen, dialect, header.labels, options)
    return Layout(
        path,
        name,
        names,
        len(names),
        header.after,
        dialect,
        seen,
        heads,
        header.labels,
        below,
        aside,
        notes,
        [cell.strip() for cell in header.cells],
        tuple(header.lines),
    )


def head_lines(file: BinaryIO, seen: Survey) -> list[str]:
    """The first lines, without one that is cut."""
    block = next(utf8_blocks(file, seen.encoding, HEAD), b"")
    return list(io.StringIO(block.decode("utf-8", "replace"), newline=""))


def _first_records(lines: list[str], start: int, dialect: Dialect) -> list[Record]:
    """The first records, once with any number of cells, then with the usual one, so that a broken quote costs one line."""
    found = []
    for r in records(lines, start, dialect):
        found.append(r)
        if len(found) == 60:
            break
    width = Counter(len(r.cells or []) for r in found).most_common(1)[0][0]
    by_line = dialects.usual_width(lines[start:], dialect)
    again = []
    for r in records(lines, start, dialect, by_line if by_line > 1 else width):
        if r.cells is None or (r.reason and len(r.cells) != width):
            alone = next(records([lines[r.line - 1]], 0, dialect), None)
            r = Record(r.line, r.end, alone.cells if alone else [""], r.reason)
        again.append(r)
        if len(again) == 400:
            break
    return again


def named(name: str, cells: list[str], options: ReadOptions) -> tuple[list[str], list[str]]:
    """(the names of the columns, what had to be changed)."""
    if options.own_names:
        return [tidy_name(cell) or f"unnamed_{at}" for at, cell in enumerate(cells, 1)], []
    return unique_names(name, cells)


def spoken(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _spoken_of(name: str, seen: Survey, dialect: Dialect, labels: list[str], options: ReadOptions) -> list[str]:
    """What a reader of the table should know of how it was read."""
    notes = []
    if not options.encoding and (seen.others or not seen.sure):
        other = f"; it might be {', '.join(seen.others)}" if seen.others else ""
        notes.append(
            f"{name} is not UTF-8; it is read as {seen.encoding}{other} (params.yaml: define.encoding names another)"
        )
    elif not options.encoding and seen.encoding not in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        notes.append(f"{name} is read as {seen.encoding} (params.yaml: define.encoding names another)")
    if seen.odd_lines:
        notes.append(f"{name} mixes encodings: {seen.odd_lines} lines are not {seen.encoding} and were read as cp1252")
    if seen.formulas:
        notes.append(f'{name}: cells such as ="0123", as texts are kept from a spreadsheet, are read as 0123')
    if dialect.escaped:
        notes.append(f"{name}: a backslash before a quote or delimiter is read as an escape")
    if labels:
        notes.append(f"{name}: the line below the column names holds words or units, not a row: {spoken(labels, 6)}")
    return notes


def fitted(layout: Layout, found: Record) -> tuple[list[str] | None, str, bool]:
    """(the cells of a row, or None; why not; whether that is a fault of form)."""
    cells = found.cells
    if cells is None:
        return None, found.reason, True
    if layout.seen.formulas:
        cells = [unwrapped(cell) for cell in cells]
    if cells in layout.heads:
        return None, "repeats the column names", False
    while len(cells) > max(layout.width, 1) and not cells[-1].strip():
        cells.pop()  # a delimiter at the end of a line says nothing
    if _CONFLICT.match(cells[0]):
        return None, "a mark of a merge conflict that Git left; resolve it", True
    if all(_RULED.match(cell) for cell in cells if cell.strip()) and any(_RULED.match(cell) for cell in cells):
        return None, "a ruled line", False
    if len(cells) == layout.width:
        return cells, "", False
    if _COMMENT.match(cells[0]):
        return None, "a comment line", False
    short = layout.width - len(cells)
    if short > 0 and not any(name for name in layout.names[len(cells) :] if not name.startswith("unnamed_")):
        return cells + [""] * short, "", False  # only columns without a name are lacking
    return None, f"has {len(cells)} cells where the header has {layout.width}", True


def count_rows(layout: Layout, reopen: Callable[[], BinaryIO], options: ReadOptions) -> int:
    """The rows of a file small enough for Python alone; UserError as `check_shape` raises it."""
    with reopen() as file:
        text = b"".join(utf8_blocks(file, layout.seen.encoding)).decode("utf-8", "replace")
    lines = list(io.StringIO(text, newline=""))
    broken: list[Broken] = []
    rows = last = 0
    for r in records(lines, layout.first, layout.dialect, layout.width):
        cells, reason, structural = fitted(layout, r)
        if cells is None:
            broken.append(Broken(f"{layout.name}:{r.line}", reason, "".join(lines[r.line - 1 : r.end]), structural))
        else:
            rows, last = rows + 1, r.line
    check_shape(layout.path, rows, named_notes(broken, last), layout, options)
    return rows


def check_shape(path: Path, rows: int, broken: list[Broken], layout: Layout, options: ReadOptions) -> None:
    """UserError where there are no rows, or where more than a small share of them is none for one reason of form."""
    if not rows and not any(b.structural for b in broken):
        raise UserError(f"{path} has a header and no rows; put the rows below it")
    formal = [b for b in broken if b.structural]
    total = rows + len(formal)
    if len(formal) > rows:
        raise UserError(
            f"{path}: {len(formal)} of {total} rows do not fit the header's {layout.width} columns "
            f"(delimiter {layout.dialect.delimiter!r}), the first at line {_line(formal[0])} ({formal[0].reason}); "
            f"is line {layout.first} the header, and is each name there?"
        )
    reasons = Counter(b.reason for b in formal)
    if reasons and (most := reasons.most_common(1)[0])[1] > max(3, options.max_broken * total):
        first = next(b for b in formal if b.reason == most[0])
        raise UserError(
            f"{path}: {most[1]} of {total} rows cannot be read for one reason, the first at line {_line(first)} ({most[0]}): "
            f"{first.record[:60]!r}; mend them, or allow more by params.yaml: define.max_broken"
        )


def _line(broken: Broken) -> str:
    return broken.source.rsplit(":", 1)[1]


def check_target(path: object, names: list[str], target: str, labels: list[str]) -> None:
    """UserError where `target` is none of `names`, with the name that may have been meant."""
    if target in names:
        return
    check_second_line(path, names, target, labels)
    near = nearest(target, names) or f"; it has: {spoken(names)}"
    raise UserError(f'{path} has no column "{target}" in its header{near}')


def check_second_line(path: object, names: list[str], target: str, labels: list[str]) -> None:
    """UserError where `target` is a word of a heading on two lines, and no name."""
    if target in labels and len(labels) == len(names):
        raise UserError(
            f'{path} has "{target}" in the second line below the column names, not as a name; the column is '
            f'called "{names[labels.index(target)]}"'
        )
    heads = [name for name in names if name.endswith(f" {target}") or name.startswith(f"{target} ")]
    if len(heads) > 1:
        raise UserError(
            f'{path} has no column "{target}": its heading stands on two lines, and columns are called {spoken(heads, 6)}; '
            "give one of these as the target"
        )
