"""Excel and OpenDocument sheets, by python-calamine: each cell as the text it would have in a CSV."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.ground.errors import UserError
from lifecycle.ground.words import cut
from lifecycle.table.formats import Unlooked
from lifecycle.table.grid import grid_layout, grid_parts
from lifecycle.table.layout import ReadOptions
from lifecycle.table.part import TableFile

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


def open_workbook(path: Path, name: str, options: ReadOptions, target: str = "") -> TableFile:
    """The sheet that params.yaml names, else the only one with a table, else the first of those that has the target."""
    book = _book(path)
    if options.sheet:
        if options.sheet not in book.sheet_names:
            raise UserError(
                f'{path} has no sheet "{options.sheet}"; it has {", ".join(book.sheet_names)} (params.yaml: define.sheet)'
            )
        return _sheet(path, name, book, options.sheet, options)
    tables: list[tuple[str, TableFile]] = []
    refused: UserError | None = None
    for sheet in book.sheet_names:
        try:
            tables.append((sheet, _sheet(path, name, book, sheet, options)))
        except UserError as error:
            refused = refused or error
    if not tables:
        raise refused or UserError(f"{path} has no sheet with a table; put one there")
    with_target = [(sheet, table) for sheet, table in tables if target in table.names]
    sheet, table = (with_target or tables)[0]
    if len(book.sheet_names) > 1:
        others = ", ".join(s for s in book.sheet_names if s != sheet)
        table.notes.append(
            f'{name}: the sheet "{sheet}" is read, not {others} (params.yaml: define.sheet names another)'
        )
    return table


def _book(path: Path) -> CalamineWorkbook:
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ImportError:
        raise Unlooked(f"{path} is a workbook; `python -m pip install python-calamine` to read it") from None
    try:
        return CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise UserError(f"{path} is protected by a password; save it without one") from None
    except CalamineError as error:
        return _by_content(path, error)


def _by_content(path: Path, first: Exception) -> CalamineWorkbook:
    """A workbook whose name says otherwise."""
    import io

    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    except CalamineError:
        raise UserError(f"{path} is not a workbook that can be read ({first}); save it again") from None


def _sheet(path: Path, name: str, book: CalamineWorkbook, sheet: str, options: ReadOptions) -> TableFile:
    found = book.get_sheet_by_name(sheet)
    values = found.to_python(skip_empty_area=False)
    rows = [[cell_text(value) for value in row] for row in values]
    rows, margin = _without_margins(rows)
    layout = grid_layout(path, name, rows, options)
    filled = _fill_merged(rows, found.merged_cell_ranges or [], margin, layout.first)
    if filled:
        layout.notes.append(f"{name}: {filled[0]} merged cells hold for each of their rows, such as {filled[1]}")
    fact: dict[str, Any] = {"file": name, "encoding": "workbook", "delimiter": ""}
    return TableFile(
        path,
        name,
        layout.names,
        lambda: grid_parts(layout, rows, options),
        fact,
        list(layout.notes),
        layout=layout,
    )


def _fill_merged(rows: list[list[str]], ranges: list[Any], margin: int, first: int) -> tuple[int, str] | None:
    """Give each row below the header what a cell says that was merged over several rows of a column; a row that holds nothing else
    stays empty. (number of merged cells, one of them), or None; `ranges`: ((row, column), (row, column)) from 0, both ends within;
    `margin`: empty columns cut off at the left."""
    done: list[str] = []
    for (top, left), (bottom, right) in sorted(ranges):
        column = left - margin
        if top < first or bottom == top or left != right or not 0 <= column < len(rows[0]) or top >= len(rows):
            continue
        text = rows[top][column]
        below = [at for at in range(top + 1, min(bottom + 1, len(rows))) if any(map(str.strip, rows[at]))]
        for at in below:
            rows[at][column] = text
        if text.strip() and below:
            done.append(f'"{cut(text, 30)}" in rows {top + 1} to {below[-1] + 1}')
    return (len(done), done[0]) if done else None


def _without_margins(rows: list[list[str]]) -> tuple[list[list[str]], int]:
    """(rows, columns cut off at the left): without columns at the sides, and rows at the end, that hold nothing at all."""
    while rows and not any(map(str.strip, rows[-1])):
        rows.pop()
    width = max(map(len, rows), default=0)
    used = [c for c in range(width) if any(len(row) > c and row[c].strip() for row in rows)]
    if not used:
        return rows, 0
    return [(row + [""] * width)[used[0] : used[-1] + 1] for row in rows], used[0]


def cell_text(value: Any) -> str:
    """A value of a sheet or of JSON as a CSV would have it: 3.0 is 3, a day has no midnight, yes and no are words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return (
            value.date().isoformat() if value.time() == datetime.time() and not value.tzinfo else value.isoformat(" ")
        )
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return cell_text(value.total_seconds())
    return str(value)
