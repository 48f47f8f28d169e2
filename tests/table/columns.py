"""Small tables in memory: what define and clean make of their columns."""

import numpy as np
import pandas as pd
import yaml

from lifecycle.ground.params import SplitParams
from lifecycle.table.conform import conform
from lifecycle.table.contract import Contract
from lifecycle.table.define import build_contract, kind_of
from lifecycle.table.read import SOURCE, RawTable
from tests.scratch import ROOT

N = 120


def spread(low, high, n=N, seed=0):
    """`n` whole numbers from `low` to `high`, the same ones each time."""
    return np.random.default_rng(seed).integers(low, high + 1, n).tolist()


class Made:
    """A table's contract, its typed rows, and the notes on a column."""

    def __init__(self, delimiter: str, columns: dict, target: str, cells: dict) -> None:
        params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        rng = np.random.default_rng(1)
        n = len(next(iter(cells.values())))
        table = {"answer": rng.choice(["no", "yes"], n), "other": rng.choice(["a", "b", "c"], n)} | cells
        frame = pd.DataFrame({name: pd.Series([str(v) for v in values]) for name, values in table.items()}, dtype="str")
        fact = {"file": "t.csv", "encoding": "utf-8", "delimiter": delimiter}
        raw = RawTable(frame.assign(**{SOURCE: "t.csv:2"}), facts=[fact])
        problem = {**params["problem"], "target": target}
        self.contract, self.notes = build_contract(
            raw, problem, columns, params["define"], SplitParams.read(params["split"])
        )
        self.rows = conform(raw.frame, Contract.read(self.contract)).frame

    def field(self, name: str):
        return next(f for f in self.contract["fields"] if f["name"] == name)

    def type(self, name: str) -> str:
        return kind_of(self.field(name))

    def values(self, name: str) -> list:
        """The typed cells, None where missing."""
        if name not in self.rows:
            return []
        return [None if pd.isna(v) else v for v in self.rows[name].tolist()]

    def said(self, name: str) -> str:
        return "\n".join(note for note in self.notes if note.startswith(f'"{name}"'))


def made(delimiter: str = ",", columns: dict | None = None, target: str = "answer", **cells) -> Made:
    return Made(delimiter, columns or {}, target, cells)
