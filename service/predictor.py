"""Predictor: JSON rows in; typed columns, flags and answers out, as `conform` and the model's training would have them.

`conform` works on tables: on one row of twenty columns it takes 8 ms, of which the work itself is nearly nothing. Here a
number goes straight into its array, and what any other cell means is asked of `conform` once and remembered. So both
agree because one is made of the other (tests/test_predictor.py holds them together on thousands of odd rows).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.model.model import Model
from lifecycle.table import cells
from lifecycle.table.conform import conform, used_fields
from lifecycle.table.contract import MODEL

REMEMBERED, LONG = 20_000, 200  # cells a column, characters a cell: more are not kept
NUMBERS = ("number", "integer")


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


class Number:
    """A column of JSON numbers."""

    def __init__(self, spec: dict[str, Any]) -> None:
        bounds = spec.get("constraints", {})
        self.low, self.high = bounds.get("minimum", -np.inf), bounds.get("maximum", np.inf)
        # 9999 is missing, however it is written
        codes = [cells.number(str(t)) for t in spec["missingValues"]]
        self.codes = [c for c in codes if not np.isnan(c)]

    def read(self, given: list[Any]) -> tuple[np.ndarray, list[tuple[int, str]]]:
        out = np.array([np.nan if v is None else v for v in given], dtype=float)
        if self.codes:
            out[np.isin(out, self.codes)] = np.nan
        flags = [(i, "missing") for i in np.flatnonzero(np.isnan(out))]
        return out, flags + [(i, "out_of_range") for i in np.flatnonzero((out < self.low) | (out > self.high))]


class Remembered:
    """A column whose cells are asked of `conform`, each distinct one once."""

    def __init__(self, spec: dict[str, Any], contract: dict[str, Any]) -> None:
        self.name = spec["name"]
        self.contract = {"problem": contract["problem"], "fields": [spec]}
        self.known: dict[Any, tuple[Any, str]] = {}
        dates = spec["type"] in ("date", "datetime")
        self.dtype = "datetime64[us]" if dates else float if spec["type"] == "boolean" else object

    def read(self, given: list[Any]) -> tuple[np.ndarray, list[tuple[int, str]]]:
        keys = [v if isinstance(v, str) else (type(v), v) for v in given]  # 1 and True are one key of a dict
        found = [self.known.get(k) for k in keys]
        if None in found:
            fresh = self.ask({k: v for k, v, f in zip(keys, given, found, strict=True) if f is None})
            found = [fresh[k] if f is None else f for k, f in zip(keys, found, strict=True)]
        out = np.empty(len(given), dtype=self.dtype)
        out[:] = [typed for typed, _ in found]
        return out, [(i, kind) for i, (_, kind) in enumerate(found) if kind]

    def ask(self, given: dict[Any, Any]) -> dict[Any, tuple[Any, str]]:
        frame = pd.DataFrame({self.name: pd.Series(list(given.values()), dtype=object)})
        done = conform(frame, self.contract, MODEL)
        typed = done.frame[self.name].to_numpy(dtype=self.dtype)
        kinds = np.full(len(typed), "", dtype=object)
        for kind in ("missing", "corrupt", "unseen", "out_of_range"):
            kinds[getattr(done, kind).get(self.name, np.zeros(len(typed), dtype=bool))] = kind
        answers = dict(zip(given, zip(typed, kinds, strict=True), strict=True))
        if len(self.known) + len(answers) > REMEMBERED:
            self.known.clear()
        self.known |= {k: a for k, a in answers.items() if not isinstance(k, str) or len(k) <= LONG}
        return answers


class Predictor:
    """Answers rows of JSON cells (as `service.schema` lets through)."""

    def __init__(self, model: Model, contract: dict[str, Any]) -> None:
        self.model = model
        fields = used_fields(contract, MODEL)
        self.readers = {f["name"]: Number(f) if f["type"] in NUMBERS else Remembered(f, contract) for f in fields}

    def typed(self, rows: list[dict[str, Any]]) -> Typed:
        out = Typed({})
        for name, reader in self.readers.items():
            out.columns[name], found = reader.read([row[name] for row in rows])
            out.flags += [Flag(int(i), name, kind) for i, kind in found]
        return out

    def answers(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """Probabilities (n, k) or values (n,)."""
        return self.model.answers(self.typed(rows).columns)
