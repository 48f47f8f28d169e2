"""Live batches: what production sent back, as typed rows in the order of time, the newest last.

A batch is a CSV or Parquet file in data/live, with or without the target. A batch that cannot be read is a finding of
the monitor's, not a reason to stop. Rows that a retraining has since taken into data/raw are left out: a model says
nothing about production on rows it has learned from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import sha256
from lifecycle.table.conform import Conformed, conform, used_fields
from lifecycle.table.formats import is_table_name
from lifecycle.table.read import SOURCE, ReadOptions, read_raw

LIVE, RAW = Path("data/live"), Path("data/raw")
ANSWERED = "__time__"  # when the service answered, from the prediction log
TAKEN = "live-*.csv"  # the batches in data/raw that came from data/live


@dataclass
class Live:
    """`text`: cells as they came, with `__source__`; `rows`: the same rows, typed."""

    text: pd.DataFrame
    conformed: Conformed
    batch: np.ndarray  # the file of each row
    batches: list[dict[str, Any]] = field(
        default_factory=list
    )  # file, rows, broken, sha256, taken, looked_at, labelled
    unreadable: list[str] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)  # column: the batches that lack it
    taken: int = 0  # rows left out since training has them

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


def read_live(contract: dict[str, Any], window_rows: int, folder: Path = LIVE, raw: Path = RAW) -> Live:
    """The newest `window_rows` rows of all batches, by the contract's time column, else by the time of the answer, else by the files' names."""
    names = [f["name"] for f in used_fields(contract)]
    target = contract["problem"]["target"]
    options = ReadOptions.of(contract, own_names=True)
    parts, batches, unreadable, absent = [], [], [], {}
    for path in batch_files(folder):
        try:
            table = read_raw(path, options)
        except UserError as error:
            unreadable.append(str(error))
            continue
        frame = table.frame
        lost = [c for c in names if c not in frame and c != target]
        if len(lost) == len(names) - (target in names):
            unreadable.append(f"{path} has none of the contract's columns; is it a batch of this project?")
            continue
        name = path.relative_to(folder).as_posix()
        for column in lost:
            absent.setdefault(column, []).append(name)
        batches.append({"file": name, "rows": len(frame), "broken": len(table.broken), "sha256": sha256(path)})
        parts.append(frame)
    if not parts:
        empty = pd.DataFrame(columns=[*names, SOURCE], dtype="str")
        return Live(empty, conform(empty[names], contract), np.empty(0, dtype=object), batches, unreadable)
    text = pd.concat(parts, ignore_index=True)
    text[names] = text.reindex(columns=names, fill_value="").fillna("")
    order, taken = in_time(text, contract), already_taken(text, names, raw, options)
    order = order[~taken[order]][-window_rows:]
    text = text.iloc[order].reset_index(drop=True)
    files = np.repeat([b["file"] for b in batches], [b["rows"] for b in batches]).astype(object)
    batch = files[order]
    live = Live(text, conform(text[names], contract), batch, batches, unreadable, absent, int(taken.sum()))
    known = live.rows[target].notna().to_numpy()
    for one in live.batches:
        here = live.batch == one["file"]
        gone = int((taken & (files == one["file"])).sum())
        one |= {"taken": gone, "looked_at": int(here.sum()), "labelled": int((here & known).sum())}
    return live


def in_time(text: pd.DataFrame, contract: dict[str, Any]) -> np.ndarray:
    """Positions of the rows from the oldest to the newest; a row without a time stands where its file does."""
    times = used_fields(contract, ("time",))
    if times:
        at = conform(text, contract, ("time",)).frame[times[0]["name"]]
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


def live_of(frame: pd.DataFrame, contract: dict[str, Any], name: str = "live.csv") -> Live:
    """One batch, of rows that are in memory already."""
    names = [f["name"] for f in used_fields(contract)]
    done = conform(frame, contract)
    known = int(done.frame[contract["problem"]["target"]].notna().sum())
    fact = {"file": name, "rows": len(frame), "broken": 0, "sha256": "", "taken": 0}
    fact |= {"looked_at": len(frame), "labelled": known}
    absent = {c: [name] for c in names if c not in frame and c != contract["problem"]["target"]}
    return Live(frame, done, np.full(len(frame), name, dtype=object), [fact], absent=absent)
