"""Tables that come as rows of cells already, from a workbook or a JSON list: header, totals and notes as in a text file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lifecycle.ground.errors import UserError
from lifecycle.table.encoding import Survey
from lifecycle.table.header import find_header
from lifecycle.table.layout import Layout, ReadOptions, fitted, named, spoken
from lifecycle.table.part import ROWS, Part, text_table
from lifecycle.table.records import Broken, Dialect, Record


def grid_layout(path: Path, name: str, rows: list[list[str]], options: ReadOptions) -> Layout:
    """`rows`: every row from the first on, with empty ones, so that a row's number is that of the sheet."""
    found = [Record(line, line, cells) for line, cells in enumerate(rows, 1) if any(map(str.strip, cells))]
    if not found:
        raise UserError(f"{path} is empty; put a table there: a line of column names, then the rows")
    header = find_header(path, [Record(r.line, r.end, list(r.cells or [])) for r in found[:400]], options.wanted)
    if len(header.cells) < 2:
        raise UserError(f"{path} has one column; a table needs a target and at least one feature")
    names, notes = named(name, header.cells, options)
    heads = [rows[line - 1] for line in header.lines]
    below = [rows[r.line - 1] for r in found[:400] if r.line > header.after]
    aside = [Broken(f"{name}:{r.line}", reason, ",".join(r.cells or []), False) for r, reason in header.aside]
    if len(header.lines) > 1:
        at = " and ".join(map(str, header.lines))
        notes.append(f"{name}: the column names stand on two lines ({at}) and are read as one, such as {spoken(names)}")
    if header.labels:
        notes.append(
            f"{name}: the line below the column names holds words or units, not a row: {spoken(header.labels, 6)}"
        )
    return Layout(
        path,
        name,
        names,
        len(names),
        header.after,
        Dialect(","),
        Survey("utf-16"),
        heads,
        header.labels,
        below,
        aside,
        notes,
    )


def grid_parts(layout: Layout, rows: list[list[str]], options: ReadOptions) -> Iterator[Part]:
    """The rows below the header, in parts."""
    from lifecycle.table import footer

    return footer.checked(_parts(layout, rows), layout, options)


def _parts(layout: Layout, rows: list[list[str]]) -> Iterator[Part]:
    columns = [str(i) for i in range(layout.width)]
    aside = list(layout.aside)
    for begin in range(layout.first, max(len(rows), layout.first + 1), ROWS):
        kept: list[list[str]] = []
        lines: list[int] = []
        broken = aside
        for line in range(begin + 1, min(begin + ROWS, len(rows)) + 1):
            cells = rows[line - 1]
            if not any(map(str.strip, cells)):
                continue  # an empty row of a sheet is no row
            row, reason, structural = fitted(layout, Record(line, line, list(cells)))
            if row is None:
                broken.append(Broken(f"{layout.name}:{line}", reason, ",".join(cells), structural))
            else:
                kept.append(row)
                lines.append(line)
        yield Part(text_table(layout.name, columns, kept, lines), broken)
        aside = []
