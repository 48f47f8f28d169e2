"""Which training rows the search sees where all of them are too many for memory or for the time budget.

Selection then runs on a sample; the boosting of the chosen blend is fitted on all rows after it (lifecycle.search.all_rows), and
what that gained is measured on rows that neither has seen. On which side a row is follows from a hash of its identity: the same
on every machine. Each class, or each tenth of a regression's target, gives the same share; rows of one group stay together;
forward in time the newest are measured on.

How many rows the search sees is counted before the clock starts, from the table's size, train.max_memory_gb and
train.time_budget, and from nothing that another machine has otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_parquet, row_groups
from lifecycle.ground.params import TrainParams
from lifecycle.model.encode import MANY, MAX_BINS, SPARSE
from lifecycle.model.families import Family
from lifecycle.model.model import AddFeatures, encode_target
from lifecycle.model.shape import WIDE, Shape, shape_of
from lifecycle.search.budget import FIRST
from lifecycle.search.choose import plan_for, small_entries
from lifecycle.search.crossval import MATRICES, rows_seen
from lifecycle.search.data import TRAIN, TrainingData, prepare
from lifecycle.table.contract import Contract
from lifecycle.table.folds import moments, strata_of
from lifecycle.table.rows import GROUP, ROW, keys_of, shares

LEAST = 20_000  # rows: a smaller table is never sampled, and no sample is smaller
SEARCH = 0.5  # share of the time budget that is planned for the search, where boosting on all rows follows
JUDGED, MOST_JUDGED = 0.1, 100_000  # share of the rows that are measured on, and their number at most
STEP = 0.8  # from one size that is tried to the next
SALT = 12_345_679  # the folds' draw is another one
GB = 1e9
# of memory, measured: an interpreter with its libraries, and what each process that fits adds
START, PROCESS = 0.35 * GB, 0.12 * GB
CELL, TEXT = 24, 200  # bytes of a typed cell, and of a text: in the table and as the array that encoders take
LOOKS = 150  # bytes of a row's predictions of one class, at all looks at the rounds of boosting
FILLED = {"category": 2} | WIDE  # cells that are not 0, of the linear encoding
TREES = 60  # bytes a row while trees grow, beside the matrix and a copy of it


@dataclass(frozen=True)
class Sample:
    """`chosen`: mask of the rows that the search sees, shape (rows,); `judged`: of those that nothing is fitted on; the others
    are for boosting on all rows. `why`: the setting that all rows are too many for."""

    chosen: np.ndarray
    judged: np.ndarray
    why: str

    def frame(self, mask: np.ndarray) -> pd.DataFrame:
        """These training rows."""
        return pd.concat([part for part, _ in rows_of(mask)], ignore_index=True)

    @property
    def rows(self) -> int:
        return len(self.chosen)

    @property
    def rest(self) -> np.ndarray:
        return ~self.chosen & ~self.judged


def rows_of(mask: np.ndarray) -> Iterator[tuple[pd.DataFrame, int]]:
    """The training rows of `mask`, a row group at a time, and where in the table the group begins."""
    import pyarrow as pa

    begin = 0
    for table in row_groups(TRAIN):
        wanted = mask[begin : begin + len(table)]
        if wanted.any():
            yield table.filter(pa.array(wanted)).to_pandas(), begin
        begin += len(table)


# ---- how many ---------------------------------------------------------------------------------------------------


def sample_of(
    contract: Contract, params: TrainParams, scheme: str, add_features: AddFeatures | None, families: dict
) -> Sample | None:
    """The rows to search on; None where that is all of them."""
    rows = count_rows()
    if rows <= LEAST:
        return None
    head = next(row_groups(TRAIN)).slice(0, LEAST).to_pandas()
    data = prepare(head, contract, params, add_features, families)
    n, why = sample_size(data, rows, params, scheme)
    return None if n >= rows else draw(n, contract, scheme, data, why)


def count_rows() -> int:
    import pyarrow.parquet as pq

    if not Path(TRAIN).exists():
        raise UserError(f"{TRAIN} is missing; `dvc repro` makes it")
    return int(pq.read_metadata(TRAIN).num_rows)


def sample_size(data: TrainingData, rows: int, params: TrainParams, scheme: str) -> tuple[int, str]:
    """(rows to search on, the setting that asks for it or ""), for a table of so many rows of which `data` are some."""
    shape = shape_of(data.kinds, data.rows, len(data.classes))
    room = params.max_memory_gb * GB

    def fits_memory(n: int) -> bool:
        return memory(shape._replace(rows=n), data, params) <= room

    def has_time(n: int, share: float) -> bool:
        sized = shape._replace(rows=n)
        plan = plan_for(data, sized, params, scheme, share)
        first = [entry.name for entry in small_entries(data, sized, params)[:FIRST]]
        # in half the time also at no less than two fifths of the rounds
        return [entry.name for entry in plan.entries[:FIRST]] == first and (share == 1 or plan.effort >= 0.4)

    if fits_memory(rows) and has_time(rows, 1):
        return rows, ""
    why = "train.time_budget" if fits_memory(rows) else "train.max_memory_gb"
    n = rows
    while n > LEAST and not (fits_memory(n) and has_time(n, SEARCH)):
        n = int(n * STEP)
    return max(n, LEAST), why


def memory(shape: Shape, data: TrainingData, params: TrainParams) -> float:
    """Bytes of all processes that search on rows of this shape: each holds the matrix of a candidate, and its estimator a
    copy."""
    texts = sum(kind == "text" for kind in data.kinds.values())
    raw = CELL * len(data.kinds) + TEXT * texts + LOOKS * shape.outputs
    each = max(matrix_bytes(data.families[name], shape, data) for name in params.candidates)
    return START + shape.rows * raw + params.n_jobs * (PROCESS + each)


def matrix_bytes(family: Family, shape: Shape, data: TrainingData) -> float:
    """Of the rows as a candidate of this family is fitted on them."""
    numbers = sum(kind == "number" for kind in data.kinds.values())
    more = MAX_BINS * numbers if family.style == "piecewise" else 0
    width = shape.columns if family.style == "tree" else shape.wide + more
    rows = rows_seen(family.style, shape.rows)
    if shape.rows < MANY:
        return 8.0 * MATRICES * width * rows
    filled = sum(FILLED.get(kind, 1) for kind in data.kinds.values()) + more
    is_sparse = family.sparse and filled < SPARSE * width
    # a sparse one takes 12 bytes a cell; while it is made there are its parts and their sum
    return rows * (TREES + 2.0 * (12 * filled if is_sparse else 8 * width))


# ---- which ------------------------------------------------------------------------------------------------------


def draw(n: int, contract: Contract, scheme: str, data: TrainingData, why: str) -> Sample:
    """So many rows for the search, and beside them those that are measured on."""
    names = [ROW, GROUP, *contract.names(("time",))]
    columns = read_parquet(TRAIN, [name for name in names if name])
    rows = len(columns)
    n_judged = int(min(JUDGED * rows, MOST_JUDGED))
    drawn = shares(keys_of(columns, scheme), data.random_state + SALT)
    if scheme == "time":
        when = np.nan_to_num(moments(columns[contract.names(("time",))[0]].to_numpy()), nan=-np.inf)
        # one moment is never parted
        judged = when >= np.partition(when, rows - n_judged)[rows - n_judged]
        return Sample(least(drawn, ~judged, n), judged, why)
    if scheme == "group":
        # whole groups: by what their hash is below, whatever class their rows are of
        return Sample((drawn >= n_judged / rows) & (drawn < (n_judged + n) / rows), drawn < n_judged / rows, why)
    stratum = strata_of(targets(contract))
    judged, chosen = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    for code in np.unique(stratum):
        inside = stratum == code
        size = int(inside.sum())
        judged |= least(drawn, inside, round(size * n_judged / rows))
        # a rare class is not lost: some of it are always seen
        chosen |= least(drawn, inside & ~judged, max(round(size * n / rows), min(size, 10)))
    return Sample(chosen, judged, why)


def least(drawn: np.ndarray, inside: np.ndarray, n: int) -> np.ndarray:
    """Mask of the n rows inside whose hash is the least."""
    hashes = drawn[inside]
    if n >= len(hashes):
        return inside
    if n <= 0:
        return np.zeros_like(inside)
    return inside & (drawn <= np.partition(hashes, n - 1)[n - 1])


def targets(contract: Contract) -> np.ndarray:
    """Of all training rows, as the model learns them; a row group at a time, since texts are large."""
    name = contract.problem.target
    return np.concatenate(
        [encode_target(part.to_pandas()[name], contract, TRAIN) for part in row_groups(TRAIN, [name])]
    )


def searching(params: TrainParams, sample: Sample | None) -> TrainParams:
    """`params` with the time that is planned for the search; a sample is of many rows, whose folds need no repeats."""
    return params if sample is None else replace(params, time_budget=params.time_budget * SEARCH, repeats=1)
