"""So many rows of a table as a judgement or a picture needs: of a larger one a sample by row hash, the same on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lifecycle.ground.files import read_parquet, row_groups
from lifecycle.table.rows import ROW, shares

# rows: an interval over so many is narrower than any decision asks for, and 21 columns of them take 0.3 GB
MOST = 500_000


class Some(NamedTuple):
    """`frame`: the rows, in the table's order; `total`: how many the table has; `said`: a sentence where these are not all."""

    frame: pd.DataFrame
    total: int
    said: str


def read_some(path: str | Path, most: int = MOST) -> Some:
    """At most so many rows of a Parquet file with the column ROW."""
    keys = read_parquet(path, [ROW])
    total = len(keys)
    if ROW not in keys or total <= most:
        frame = read_parquet(path)
        return Some(frame, len(frame), "")
    import pyarrow as pa

    # another draw than those of the split and the folds, which these rows have been through
    drawn = shares(keys[ROW].to_numpy("uint64"), most)
    wanted = drawn <= np.partition(drawn, most - 1)[most - 1]
    parts, begin = [], 0
    for table in row_groups(path):
        parts.append(table.filter(pa.array(wanted[begin : begin + len(table)])))
        begin += len(table)
    frame = pa.concat_tables(parts).to_pandas()
    return Some(frame, total, f"{len(frame):,} of the {total:,} rows of {path} are looked at, chosen by row hash")
