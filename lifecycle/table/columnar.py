"""Parquet, Arrow and Feather files: each cell as the text it would have in a CSV, so that one set of rules reads all.

Structures become columns of their own (`info.v`), lists of texts a set, durations seconds; bytes are no table cells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lifecycle.ground.errors import UserError
from lifecycle.table.layout import ReadOptions, named
from lifecycle.table.names import SOURCE
from lifecycle.table.part import ROWS, Part, RowRange, TableFile, sources

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lifecycle.table.notation import Notation

# rows and cells of a large row group that are read together: the ones above them have to be decoded once more
MOST_ROWS, MOST_CELLS = 250_000, 5_000_000


def open_parquet(path: Path, name: str, reopen: Callable[[], BinaryIO], options: ReadOptions) -> TableFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(reopen())
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, "Parquet", error) from error
    out = _opened(path, name, file.schema_arrow, lambda: file.iter_batches(ROWS), "parquet", options)
    written = [options.notations.get(column) for column in out.names]
    out.parts_of = lambda rows: _parts(path, name, lambda: _batches(file, rows), written, rows.before)
    with path.open("rb") as raw:
        if raw.read(4) == b"PAR1":  # and is not packed
            out.rows = rows_apart(
                [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)], len(out.names)
            )
    return out


def rows_apart(sizes: list[int], columns: int) -> list[RowRange]:
    """All rows of row groups of these sizes: those of several small groups together, those of a large one in pieces."""
    most = max(ROWS, min(MOST_ROWS, MOST_CELLS // max(columns, 1)))
    found: list[RowRange] = []
    groups: list[int] = []
    before = count = 0
    for group, size in enumerate(sizes):
        if groups and count + size > most:
            found.append(RowRange(tuple(groups), before, 0, count))
            before += count
            groups, count = [], 0
        if size > most:
            found += _pieces(group, size, before, -(-size // most))
            before += size
        else:
            groups.append(group)
            count += size
    if count:
        found.append(RowRange(tuple(groups), before, 0, count))
    return found


def _pieces(group: int, size: int, before: int, pieces: int) -> Iterator[RowRange]:
    begin = 0
    for at in range(pieces):
        end = size * (at + 1) // pieces
        yield RowRange((group,), before + begin, begin, end - begin)
        begin = end


def _batches(file: pq.ParquetFile, rows: RowRange) -> Iterator[pa.RecordBatch]:
    skipped, left = rows.skipped, rows.count
    for batch in file.iter_batches(ROWS, row_groups=list(rows.groups)):
        wanted = batch.slice(min(skipped, len(batch)), left)
        skipped = max(0, skipped - len(batch))
        left -= len(wanted)
        if len(wanted):
            yield wanted
        if not left:
            return


def open_arrow(path: Path, name: str, reopen: Callable[[], BinaryIO], options: ReadOptions) -> TableFile:
    import pyarrow as pa
    from pyarrow import feather, ipc

    opened: Any
    try:
        if reopen().read(4) == b"FEA1":
            table = feather.read_table(reopen())
            return _opened(path, name, table.schema, lambda: iter(table.to_batches(ROWS)), "arrow", options)
        try:
            opened = ipc.open_file(reopen())
        except pa.ArrowInvalid:
            table = ipc.open_stream(reopen()).read_all()
            return _opened(path, name, table.schema, lambda: iter(table.to_batches(ROWS)), "arrow", options)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, "Arrow", error) from error
    batches = (opened.get_batch(i) for i in range(opened.num_record_batches))
    return _opened(path, name, opened.schema, lambda: batches, "arrow", options)


def _unreadable(path: Path, kind: str, error: Exception) -> UserError:
    said = next(iter(str(error).splitlines()), type(error).__name__)
    an = "an" if kind[0] in "AEIOU" else "a"
    return UserError(f"{path} is not {an} {kind} file that can be read ({said}); export it again")


def _opened(
    path: Path,
    name: str,
    schema: pa.Schema,
    batches: Callable[[], Iterator[pa.RecordBatch]],
    kind: str,
    options: ReadOptions,
) -> TableFile:
    flat = flat_schema(schema)
    names, notes = named(name, [column for column, _ in flat], options)
    fact: dict[str, object] = {"file": name, "encoding": kind, "delimiter": ""}
    written = [options.notations.get(column) for column in names]
    out = TableFile(path, name, names, lambda: _parts(path, name, batches, written), fact, notes)
    for column, (_, data_type) in zip(names, flat, strict=True):
        _describe(out, column, data_type)
    for index in _kept_indexes(schema):
        if index in names:
            out.unusable[index] = "the number of the row, which pandas kept as its index"
    return out


def _kept_indexes(schema: pa.Schema) -> list[str]:
    """Columns without a name of their own that pandas wrote for its index."""
    try:
        about = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    except ValueError:
        return []
    listed = [str(i) for i in about.get("index_columns", []) if isinstance(i, str)]
    return [i for i in {*listed, *schema.names} if re.fullmatch(r"__index_level_\d+__", i)]


def _describe(out: TableFile, column: str, kind: pa.DataType) -> None:
    """A note on a column whose cells are not those of a table."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if is_bytes(kind):
        out.unusable[column] = "its cells are bytes, which are no table cells"
    elif types.is_duration(kind):
        out.notes.append(f'{out.name}: "{column}" is a duration, read in seconds')
    elif is_list(kind) and is_text(kind.value_type):
        out.notes.append(f'{out.name}: "{column}" holds lists of texts; each is read as a set, its texts in order')
    elif is_list(kind) or types.is_map(kind):
        out.notes.append(f'{out.name}: "{column}" holds several values in a cell (lists), read as one text each')


def is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    return (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    several = (
        types.is_list,
        types.is_large_list,
        types.is_fixed_size_list,
        types.is_list_view,
        types.is_large_list_view,
    )
    return any(is_kind(kind) for is_kind in several)


def is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def flat_schema(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    """(name, type) of each column, with a structure's fields as columns: `info.v`."""
    found: list[tuple[str, pa.DataType]] = []
    for field in schema:
        found += _flat(field.name, field.type)
    return found


def _flat(name: str, kind: pa.DataType) -> list[tuple[str, pa.DataType]]:
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if not pa.types.is_struct(kind):
        return [(name, kind)]
    inner: list[tuple[str, pa.DataType]] = []
    for field in kind:
        inner += _flat(f"{name}.{field.name}", field.type)
    return inner


def _parts(
    path: Path,
    name: str,
    batches: Callable[[], Iterator[pa.RecordBatch]],
    written: list[Notation | None],
    before: int = 0,
) -> Iterator[Part]:
    """`written`: how the table that the contract is of writes each column's numbers; `before`: rows of the file above these."""
    import pyarrow as pa

    row = before
    try:
        for batch in batches():
            arrays: list[pa.Array] = []
            for column in batch.columns:
                arrays += _flat_arrays(column)
            texts = [_as_written(array, n) for array, n in zip(arrays, written, strict=True)]
            texts.append(sources(name, pa.array(range(row + 1, row + 1 + len(batch)), pa.int64())))
            columns = [*(str(i) for i in range(len(written))), SOURCE]
            yield Part(pa.table(texts, names=columns), typed=pa.Table.from_batches([batch]))
            row += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, "Parquet", error) from error
    if not row:
        raise UserError(f"{path} has no rows; export it again")


def _flat_arrays(array: pa.Array) -> list[pa.Array]:
    import pyarrow as pa

    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if not pa.types.is_struct(array.type):
        return [array]
    inner: list[pa.Array] = []
    for child in array.flatten():  # an empty structure has empty fields
        inner += _flat_arrays(child)
    return inner


def cell_texts(array: pa.Array) -> pa.Array:
    """Cells as text, missing ones empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.large_string()
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if is_bytes(kind) or pa.types.is_null(kind):
        return pa.array([""] * len(array), text)
    if pa.types.is_duration(kind):
        seconds = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        array = pc.divide(pc.cast(pc.cast(array, pa.int64()), pa.float64()), float(seconds))
    if is_list(kind) or pa.types.is_map(kind):
        return pa.array([_list_text(value) for value in array.to_pylist()], text)
    try:
        return pc.fill_null(pc.cast(array, text), "")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        from lifecycle.table.workbook import cell_text

        return pa.array([cell_text(value) for value in array.to_pylist()], text)


def _as_written(array: pa.Array, n: Notation | None) -> pa.Array:
    """Cells as text; a number as a text file of this table would have it, so that 1.234 is not read as 1234."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = cell_texts(array)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if n is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return texts
    if n.decimal != ".":
        texts = pc.replace_substring(texts, ".", n.decimal)
    if n.bare_scale is None:  # in what several units are brought to
        united = pc.binary_join_element_wise(
            texts, pa.scalar(n.unit, pa.large_string()), pa.scalar(" ", pa.large_string())
        )
        texts = pc.if_else(pc.equal(texts, ""), texts, united)
    return texts


def _list_text(value: list[Any] | None) -> str:
    """Texts as a set, in order; anything else as JSON."""
    if value is None:
        return ""
    if all(isinstance(v, str) for v in value):
        return ", ".join(sorted(set(value)))
    return json.dumps(value, ensure_ascii=False, default=str)
