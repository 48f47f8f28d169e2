"""Rows a few at a time, as a service gets them: JSON cells in, a typed array a column out, as `conform` would have them.

`conform` works on tables: on one row of twenty columns it takes milliseconds, of which the work itself is nearly nothing. Here
a number goes straight into its array, and what any other cell means is asked of the field's reader, which is `conform`'s own,
and remembered (tests/service/test_predictor.py holds the two together on thousands of odd rows).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lifecycle.table.conform import MISSING, OUT_OF_RANGE, NumberReader, Reader, reader_of
from lifecycle.table.contract import Contract

REMEMBERED, LONG = 20_000, 200  # cells a column, characters a cell: more are not kept


@dataclass
class Flag:
    """A cell that was answered all the same: `missing`, `unseen` or `out_of_range`; or `corrupt`, which is refused."""

    row: int
    column: str
    kind: str


@dataclass
class Typed:
    """`columns`: {name: array}, texts as objects with NaN where missing; `flags` of cells, row by row."""

    columns: dict[str, np.ndarray]
    flags: list[Flag] = field(default_factory=list)


class JsonNumber:
    """A column of JSON numbers."""

    def __init__(self, reader: NumberReader) -> None:
        self.low, self.high = reader.low, reader.high
        self.codes = reader.codes

    def read(self, given: list[Any]) -> tuple[np.ndarray, list[tuple[int, str]]]:
        if len(given) == 1:
            return self._of_one(given[0])
        out = np.array([np.nan if v is None else v for v in given], dtype=float)
        if self.codes:
            out[np.isin(out, self.codes)] = np.nan
        outside = (out < self.low) | (out > self.high)
        flags = [(i, MISSING) for i in np.flatnonzero(np.isnan(out)).tolist()]
        return out, flags + [(i, OUT_OF_RANGE) for i in np.flatnonzero(outside).tolist()]

    def _of_one(self, given: Any) -> tuple[np.ndarray, list[tuple[int, str]]]:
        """The same of one cell, which costs less than arrays of one."""
        value = float("nan") if given is None else float(given)
        if value in self.codes:
            value = float("nan")
        out = np.empty(1)
        out[0] = value
        if value != value:
            return out, [(0, MISSING)]
        return out, [(0, OUT_OF_RANGE)] if value < self.low or value > self.high else []


class Remembered:
    """A column whose cells are asked of the contract's reader, each distinct one once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.known: dict[Any, tuple[Any, str]] = {}

    def read(self, given: list[Any]) -> tuple[np.ndarray, list[tuple[int, str]]]:
        keys = [v if isinstance(v, str) else (type(v), v) for v in given]  # 1 and True are one key of a dict
        found = [self.known.get(k) or self.ask(k, v) for k, v in zip(keys, given, strict=True)]
        out = np.empty(len(given), dtype=self.reader.dtype)
        out[:] = [typed for typed, _ in found]
        return out, [(i, kind) for i, (_, kind) in enumerate(found) if kind]

    def ask(self, key: Any, given: Any) -> tuple[Any, str]:
        answer = self.reader.cell(given)
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        if not isinstance(key, str) or len(key) <= LONG:
            self.known[key] = answer
        return answer


class RowReader:
    """Types rows of JSON cells by a contract: {column: cell}, each feature a key."""

    def __init__(self, contract: Contract) -> None:
        self.readers: dict[str, JsonNumber | Remembered] = {}
        for column in contract.features:
            reader = reader_of(column, contract.problem.task)
            self.readers[column.name] = JsonNumber(reader) if isinstance(reader, NumberReader) else Remembered(reader)

    def typed(self, rows: list[dict[str, Any]]) -> Typed:
        out = Typed({})
        for name, reader in self.readers.items():
            out.columns[name], found = reader.read([row[name] for row in rows])
            out.flags += [Flag(int(i), name, kind) for i, kind in found]
        return out
