"""Predictor: JSON rows in; typed columns, flags and answers out, as `conform` and the model's training would have them.

`conform` works on tables: on one row of twenty columns it takes milliseconds, of which the work itself is nearly nothing. Here
a number goes straight into its array, and what any other cell means is asked of the field's reader, which is `conform`'s own,
and remembered (tests/service/test_predictor.py holds the two together on thousands of odd rows).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lifecycle.model.conformal import in_words
from lifecycle.model.model import Model
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
        out = np.array([np.nan if v is None else v for v in given], dtype=float)
        if self.codes:
            out[np.isin(out, self.codes)] = np.nan
        outside = (out < self.low) | (out > self.high)
        flags = [(i, MISSING) for i in np.flatnonzero(np.isnan(out)).tolist()]
        return out, flags + [(i, OUT_OF_RANGE) for i in np.flatnonzero(outside).tolist()]


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


class Predictor:
    """Answers rows of JSON cells (as `service.schema` lets through)."""

    def __init__(self, model: Model, contract: Contract) -> None:
        self.model = model
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

    def answers(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """Probabilities (n, k) or values (n,)."""
        return self.model.predictions(self.typed(rows).columns)


def certainty(model: Any, rows: Any, answers: np.ndarray) -> list[list[Any]] | None:
    """Of each answer [low, high], or the classes that may be the right one; None where the model does not say."""
    intervals, sets = model.intervals(rows, answers), model.class_sets(answers)
    if intervals is not None:
        return intervals.tolist()
    if sets is not None:
        return [in_words(row, model.classes) for row in sets]
    return None
