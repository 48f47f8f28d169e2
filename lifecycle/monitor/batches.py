"""Live batches: what production sent back, as typed rows in the order of time, the newest last.

A batch is a CSV or Parquet file in data/live, with or without the target. A batch that cannot be read is a finding of
the monitor's, not a reason to stop. Rows that a retraining has since taken into data/raw are left out: a model says
nothing about production on rows it has learned from.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import sha256
from lifecycle.table.conform import Conformed, conform
from lifecycle.table.contract import Contract
from lifecycle.table.formats import is_table_name
from lifecycle.table.read import SOURCE, ReadOptions, read_raw

LIVE, RAW = Path("data/live"), Path("data/raw")
ANSWERED = "__time__"  # when the service answered, from the prediction log
TAKEN = "live-*.csv"  # the batches in data/raw that came from data/live


@dataclass(frozen=True)
class Batch:
    """A file of data/live: `rows` that can be read, `broken` lines, rows that training has `taken` since, those that are
    `looked_at`, and how many of these are `labelled`."""

    file: str
    rows: int
    broken: int
    sha256: str
    taken: int = 0
    looked_at: int = 0
    labelled: int = 0

    def write(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Live:
    """`text`: cells as they came, with `__source__`; `rows`: the same rows, typed; `batch`: the file of each; `absent`: the
    files that lack a column; `taken`: rows left out since training has them."""

    text: pd.DataFrame
    conformed: Conformed
    batch: np.ndarray
    batches: list[Batch] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)
    taken: int = 0

    @property
    def rows(self) -> pd.DataFrame:
        return self.conformed.frame


def batch_files(folder: Path = LIVE) -> list[Path]:
    return sorted(p for p in Path(folder).rglob("*") if is_table_name(p))


def digest(folder: Path = LIVE) -> str:
    """One hash of all batches: whether a verdict is about what is there now."""
    whole = hashlib.sha256()
    for path in batch_files(folder):
        whole.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return whole.hexdigest()


def read_live(contract: Contract, window_rows: int, folder: Path = LIVE, raw: Path = RAW) -> Live:
    """The newest `window_rows` rows of all batches, by the contract's time column, else by the time of the answer, else by the files' names."""
    names = contract.names()
    options = ReadOptions.of(contract, own_names=True)
    files = read_files(contract, folder, options)
    if not files.parts:
        empty = pd.DataFrame(columns=[*names, SOURCE], dtype="str")
        nobody = np.empty(0, dtype=object)
        return Live(empty, conform(empty[names], contract), nobody, files.batches, files.unreadable)
    text = pd.concat(files.parts, ignore_index=True)
    text[names] = text.reindex(columns=names, fill_value="").fillna("")
    file_of = np.repeat([b.file for b in files.batches], [b.rows for b in files.batches]).astype(object)
    taken = already_taken(text, names, raw, options)
    order = in_time(text, contract)
    order = order[~taken[order]][-window_rows:]
    text = text.iloc[order].reset_index(drop=True)
    conformed = conform(text[names], contract)
    labelled = conformed.frame[contract.problem.target].notna().to_numpy()
    batch = file_of[order]
    batches = []
    for one in files.batches:
        here = batch == one.file
        gone = int((taken & (file_of == one.file)).sum())
        known = int((here & labelled).sum())
        batches.append(replace(one, taken=gone, looked_at=int(here.sum()), labelled=known))
    return Live(text, conformed, batch, batches, files.unreadable, files.absent, int(taken.sum()))


@dataclass
class Files:
    """The batches one after another: `parts` their cells; the rest as in Live."""

    parts: list[pd.DataFrame] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)


def read_files(contract: Contract, folder: Path, options: ReadOptions) -> Files:
    needed = [name for name in contract.names() if name != contract.problem.target]
    found = Files()
    for path in batch_files(folder):
        try:
            table = read_raw(path, options)
        except UserError as error:
            found.unreadable.append(str(error))
            continue
        lacking = [name for name in needed if name not in table.frame]
        if len(lacking) == len(needed):
            found.unreadable.append(f"{path} has none of the contract's columns; is it a batch of this project?")
            continue
        name = path.relative_to(folder).as_posix()
        for column in lacking:
            found.absent.setdefault(column, []).append(name)
        found.batches.append(Batch(name, len(table.frame), len(table.broken), sha256(path)))
        found.parts.append(table.frame)
    return found


def in_time(text: pd.DataFrame, contract: Contract) -> np.ndarray:
    """Positions of the rows from the oldest to the newest; a row without a time stands where its file does."""
    if contract.time is not None:
        at = conform(text, contract, ("time",)).frame[contract.time.name]
    elif ANSWERED in text:
        at = pd.to_datetime(text[ANSWERED], errors="coerce", format="ISO8601")
    else:
        return np.arange(len(text))
    return np.argsort(at.ffill().bfill().to_numpy(), kind="stable")


def row_keys(text: pd.DataFrame, names: list[str]) -> np.ndarray:
    """A hash of each row's cells."""
    cells = text.reindex(columns=names, fill_value="").fillna("")
    lines = ["\x1f".join(map(str, row)) for row in cells.itertuples(index=False, name=None)]
    return np.array([hashlib.blake2b(line.encode(), digest_size=12).hexdigest() for line in lines], dtype=object)


def already_taken(text: pd.DataFrame, names: list[str], raw: Path, options: ReadOptions) -> np.ndarray:
    """Mask of the rows that a retraining wrote into data/raw; of equal rows, as many as were taken."""
    files = sorted(Path(raw).glob(TAKEN))
    out = np.zeros(len(text), dtype=bool)
    if not files:
        return out
    left: dict[str, int] = {}
    for path in files:
        for key in row_keys(read_raw(path, options).frame, names):
            left[key] = left.get(key, 0) + 1
    for at, key in enumerate(row_keys(text, names)):
        if left.get(key, 0):
            left[key] -= 1
            out[at] = True
    return out


def live_of(frame: pd.DataFrame, contract: Contract, name: str = "live.csv") -> Live:
    """One batch, of rows that are in memory already."""
    n, target = len(frame), contract.problem.target
    conformed = conform(frame, contract)
    labelled = int(conformed.frame[target].notna().sum())
    batch = Batch(name, n, broken=0, sha256="", looked_at=n, labelled=labelled)
    absent = {column: [name] for column in contract.names() if column not in frame and column != target}
    return Live(frame, conformed, np.full(n, name, dtype=object), [batch], absent=absent)
