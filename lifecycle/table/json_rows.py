"""JSON: a record a line, a list of records, or one list within an object; what is nested becomes columns of its own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lifecycle.ground.errors import UserError
from lifecycle.table.encoding import marked
from lifecycle.table.layout import ReadOptions, named
from lifecycle.table.part import ROWS, Part, TableFile, text_table
from lifecycle.table.records import Broken
from lifecycle.table.workbook import cell_text

Numbered = tuple[int, dict[str, Any]]  # (line or place in the list, record)


def open_json(path: Path, name: str, reopen: Callable[[], BinaryIO], options: ReadOptions) -> TableFile:
    encoding = options.encoding
    with reopen() as file:
        encoding = encoding or marked(file.read(4)) or "utf-8"
    broken: list[Broken] = []

    def lines() -> Iterator[tuple[int, str]]:
        with reopen() as file, io.TextIOWrapper(file, encoding=encoding, errors="replace") as text:
            yield from enumerate(text, 1)

    whole = _whole(path, lines) if not _is_lines(lines) else None

    def source() -> Iterator[Numbered]:
        if whole is not None:
            return iter(whole)
        return _records(lines, name, broken)

    columns = _columns(source)
    if not columns:
        raise UserError(f"{path} holds no records; a table is a line of JSON a row, or a list of objects")
    names, notes = named(name, columns, options)
    fact: dict[str, object] = {"file": name, "encoding": "json", "delimiter": ""}
    if nested := [n for n in names if "." in n]:
        notes.append(f"{name}: nested values are columns of their own, such as {nested[0]}")
    return TableFile(path, name, names, lambda: _parts(path, name, columns, source, broken, options), fact, notes)


def _is_lines(lines: Callable[[], Iterator[tuple[int, str]]]) -> bool:
    """Whether the first line that holds something is a record by itself, and not the whole document."""
    filled = (text for _, text in lines() if text.strip("\ufeff \t\r\n"))
    first, second = next(filled, ""), next(filled, "")
    try:
        record = json.loads(first.strip("\ufeff \t\r\n"))
    except ValueError:
        return False
    if not isinstance(record, dict):
        return False
    values = list(record.values())
    if not second and values and all(isinstance(v, list) and len(v) > 1 for v in values):
        return False  # a list a column
    return bool(second) or not any(isinstance(value, list) and _are_records(value) for value in record.values())


def _whole(path: Path, lines: Callable[[], Iterator[tuple[int, str]]]) -> list[Numbered]:
    """The records of one document: a list, the one list in an object, or {column: [cells]} and {column: {row: cell}}."""
    try:
        document = json.loads("".join(text for _, text in lines()).strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON that can be read ({error}); write a line of JSON a row") from error
    if isinstance(document, dict):
        lists = [v for v in document.values() if isinstance(v, list) and _are_records(v)]
        if len(lists) == 1:
            document = lists[0]
        elif (
            document
            and all(isinstance(v, list) for v in document.values())
            and len({len(v) for v in document.values()}) == 1
        ):
            document = [dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True)]
        elif document and all(isinstance(v, dict) for v in document.values()):
            keys = list(next(iter(document.values())))
            document = [{column: cells.get(key) for column, cells in document.items()} for key in keys]
    if not isinstance(document, list) or not _are_records(document):
        raise UserError(f"{path} is JSON but no table; write a line of JSON a row, {{column: cell}}")
    return list(enumerate(document, 1))


def _are_records(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(one, dict) for one in value)


def _records(lines: Callable[[], Iterator[tuple[int, str]]], name: str, broken: list[Broken]) -> Iterator[Numbered]:
    broken.clear()
    for number, text in lines():
        text = text.strip("\ufeff \t\r\n")
        if not text:
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield number, record
        else:
            broken.append(Broken(f"{name}:{number}", "is not a JSON record", text[:10_000]))


def flat(record: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects as columns: {"a": {"b": 1}} is a.b."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and value:
            out |= flat(value, f"{name}.")
        else:
            out[name] = value
    return out


def _columns(source: Callable[[], Iterator[Numbered]]) -> list[str]:
    """Every key of any record, in the order in which they come."""
    found: dict[str, None] = {}
    for _, record in source():
        found.update(dict.fromkeys(flat(record)))
    return list(found)


def _parts(
    path: Path,
    name: str,
    columns: list[str],
    source: Callable[[], Iterator[Numbered]],
    broken: list[Broken],
    options: ReadOptions,
) -> Iterator[Part]:
    rows: list[list[str]] = []
    lines: list[int] = []
    places = [str(i) for i in range(len(columns))]
    count = 0
    for number, record in source():
        cells = flat(record)
        rows.append([_text(cells.get(column)) for column in columns])
        lines.append(number)
        count += 1
        if len(rows) == ROWS:
            yield Part(text_table(name, places, rows, lines))
            rows, lines = [], []
    if not count:
        raise UserError(f"{path} has no rows; write a line of JSON a row")
    if len(broken) > max(3, options.max_broken * (count + len(broken))):
        raise UserError(
            f"{path}: {len(broken)} of {count + len(broken)} lines are not JSON records, the first at line "
            f"{broken[0].source.rsplit(':', 1)[1]}; mend them, or allow more by params.yaml: define.max_broken"
        )
    yield Part(text_table(name, places, rows, lines), list(broken))


def _text(value: Any) -> str:
    if isinstance(value, list):
        if all(isinstance(v, str) for v in value):
            return ", ".join(sorted(set(value)))
        return json.dumps(value, ensure_ascii=False)
    return "" if value == {} else cell_text(value)
