"""A part of a table: so many rows as text cells, each with its file and line, and the lines that are no rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.table.names import SOURCE
from lifecycle.table.records import Broken

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle.table.layout import Layout
    from lifecycle.table.stretch import Stretch

ROWS = 100_000  # of a part, at most


@dataclass
class Part:
    """`table`: text columns in the order of the file, and `__source__`; `typed`: the same cells as a Parquet file has them."""

    table: pa.Table
    broken: list[Broken] = field(default_factory=list)
    typed: pa.Table | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # a slice is pickled with all that it was cut from, as a stream it is its own rows: a tenth of the time
        typed = None if self.typed is None else streamed(self.typed)
        return arrived, (streamed(self.table), self.broken, typed)


def streamed(table: pa.Table) -> pa.Buffer:
    """Its rows as Arrow sends them."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def arrived(table: pa.Buffer, broken: list[Broken], typed: pa.Buffer | None) -> Part:
    """The part that was sent."""
    import pyarrow as pa

    also = None if typed is None else pa.ipc.open_stream(typed).read_all()
    return Part(pa.ipc.open_stream(table).read_all(), broken, also)


@dataclass(frozen=True)
class RowRange:
    """So many rows of a Parquet file, in these of its row groups; `before`: rows above them in the file, `skipped`: above them in the
    first of the groups."""

    groups: tuple[int, ...]
    before: int
    skipped: int
    count: int


@dataclass
class TableFile:
    """One file, opened: what its columns are called, and its parts. `unusable`: columns that hold no table cells, and why."""

    path: Path
    name: str
    names: list[str]
    parts: Callable[[], Iterator[Part]]
    fact: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    layout: Layout | None = None  # of a text file or sheet
    count: Callable[[], int] | None = None  # the rows, where the file is small enough to count them without Arrow
    rows: list[RowRange] = field(default_factory=list)  # of a Parquet file, as others can read them for themselves
    parts_of: Callable[[RowRange], Iterator[Part]] | None = None
    stretches: list[Stretch | Part] | None = None  # of a large text file once they are found, with the parts at its end


def sources(name: str, lines: pa.Array) -> pa.Array:
    """`bakes.csv:17` for each line."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_string()
    return pc.binary_join_element_wise(pa.scalar(name, kind), pc.cast(lines, kind), pa.scalar(":", kind))


def text_table(name: str, columns: list[str], rows: list[list[str]], lines: list[int]) -> pa.Table:
    """Rows that Python holds as lists, as Arrow columns."""
    import pyarrow as pa

    cells: list[tuple[str, ...]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(c, pa.large_string()) for c in cells]
    arrays.append(sources(name, pa.array(lines, pa.int64())))
    return pa.table(arrays, names=[*columns, SOURCE])
