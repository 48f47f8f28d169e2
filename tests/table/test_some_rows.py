"""A sample of a table's rows: as many as asked for, by their hash, in the table's order, and said."""

import numpy as np
import pandas as pd
import pyarrow as pa

from lifecycle.ground.files import parquet_writer
from lifecycle.table.rows import ROW, mixed
from lifecycle.table.some_rows import read_some


def table(n, path):
    frame = pd.DataFrame({"x": np.arange(n) / 2, "word": [f"w{i}" for i in range(n)]})
    frame[ROW] = mixed(np.arange(n, dtype=np.uint64))
    with parquet_writer(path) as writer:
        writer.write(pa.Table.from_pandas(frame, preserve_index=False))
    return frame


def test_a_table_that_is_small_enough_is_read_whole(tmp_path):
    frame = table(50, tmp_path / "t.parquet")
    some = read_some(tmp_path / "t.parquet", 50)
    pd.testing.assert_frame_equal(some.frame, frame)
    assert (some.total, some.said) == (50, "")


def test_of_a_larger_one_as_many_rows_as_asked_for_in_its_order(tmp_path):
    whole = table(2500, tmp_path / "t.parquet")
    some = read_some(tmp_path / "t.parquet", 300)
    assert len(some.frame) == 300 and some.total == 2500 and "300 of the 2,500 rows" in some.said
    assert some.frame["x"].is_monotonic_increasing
    assert dict(some.frame.dtypes) == dict(whole.dtypes)


def test_rows_that_join_the_table_leave_the_chosen_ones_as_they_are(tmp_path):
    table(2000, tmp_path / "a.parquet")
    table(2200, tmp_path / "b.parquet")
    before, after = (set(read_some(tmp_path / name, 400).frame["x"]) for name in ("a.parquet", "b.parquet"))
    assert len(before & after) > 330
