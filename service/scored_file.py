"""The file of a scored table: the input's columns and the answers', as text or Parquet, a part at a time. Needs pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.ground.files import csv_writer

TYPES = {str: pa.string(), float: pa.float64()}
NOTHING = pa.scalar("", pa.large_string())


def column_of(cells: Any, kind: type) -> pa.Array:
    """(n,) cells of an answer."""
    return pa.array(cells, TYPES[kind])


def as_text(column: pa.Array) -> pa.Array:
    """Numbers in the fewest digits that tell them apart."""
    return column if column.type == TYPES[str] else pa.array(map(repr, column.to_pylist()), TYPES[str])


class TextWriter:
    def __init__(self, path: Path, names: list[str], delimiter: str) -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.delimiter = delimiter
        self.writer = csv_writer(self.file, delimiter)
        self.writer.writerow(names)

    def write(self, given: pa.Table, added: list[pa.Array]) -> None:
        """All of them texts. A column at a time: a cell at a time takes three times as long."""
        lines = joined([self.quoted(column) for column in [*given.columns, *added]], self.delimiter)
        self.file.writelines(f"{line}\n" for line in lines.to_pylist())

    def quoted(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Its cells as a line holds them."""
        column = column.cast(pa.large_string())
        odd = pc.match_substring_regex(column, rf'["\r\n{self.delimiter}]')
        if not pc.any(odd).as_py():
            return column
        return pc.if_else(odd, joined([NOTHING, pc.replace_substring(column, '"', '""'), NOTHING], '"'), column)

    def write_rows(self, rows: list[list[Any]]) -> None:
        self.writer.writerows(rows)

    def close(self) -> None:
        self.file.close()


def joined(cells: list[Any], between: str) -> pa.Array | pa.ChunkedArray:
    """Each row's cells in one text; one that is missing is empty."""
    text = pa.scalar(between, pa.large_string())
    return pc.binary_join_element_wise(*cells, text, null_handling="replace", null_replacement="")


class ScoredParquet:
    """`given`: the input's own columns, typed where it was Parquet, else text; the answers are text or float."""

    def __init__(self, path: Path, given: pa.Schema, added: dict[str, type]) -> None:
        """`added`: {column of the answers: of what its cells are}."""
        import pyarrow.parquet as pq

        self.added = [pa.field(name, TYPES[kind]) for name, kind in added.items()]
        self.writer = pq.ParquetWriter(path, pa.schema([*given, *self.added]))

    def write(self, given: pa.Table, added: list[pa.Array]) -> None:
        for field, column in zip(self.added, added, strict=True):
            given = given.append_column(field, column)
        self.writer.write_table(given)

    def close(self) -> None:
        self.writer.close()
