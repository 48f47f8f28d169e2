"""What a table becomes does not hang on the parts in which it is read."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle.ground.engine import over_parts
from lifecycle.ground.files import parquet_writer
from lifecycle.table import read
from lifecycle.table.duplicates import Seen
from lifecycle.table.part import Part
from tests.here import run_here
from tests.scratch import scratch

WRITTEN = (
    "data/contract.yaml",
    "reports/data_profile.json",
    "data/clean.parquet",
    "data/quarantine.csv",
    "reports/cleaning.json",
    "data/train.parquet",
    "data/test.parquet",
)
HEAD = "id,when,town,price,weight,visits,late\n"


def row(i: int) -> str:
    town = ("Bonn", "bonn ", "Kiel", "", "unknown")[i % 5]
    price = f'"${i * 37 % 5000:,}.50"' if i % 11 else "see note"
    late = ("yes", "no", "no")[i % 3] if i % 41 else ""
    return f"k{i // 2 if i % 30 == 1 else i},{2020 + i % 4}-0{1 + i % 9}-11,{town},{price},{i % 7}.5 kg,{-999 if i % 23 == 5 else i % 90},{late}\n"


TABLE = (
    HEAD
    + "".join(row(i) for i in range(400))
    + "k7,2020\n"
    + "".join(row(i) for i in range(350, 500))
    + "Source: a survey\n"
)


def parted_by(size):
    """Tables.parts, in parts of so many rows."""
    whole = read.Tables.parts

    def parts(self):
        for part in whole(self):
            aside = part.broken
            for at in range(0, max(len(part.table), 1), size):
                yield Part(part.table.slice(at, size), aside)
                aside = []

    return parts


def made(folder, monkeypatch, size):
    """{file: hash of its bytes} of what define, clean and split write."""
    with monkeypatch.context() as patch:
        if size:
            patch.setattr(read.Tables, "parts", parted_by(size))
        ran = run_here(scratch(folder, TABLE, "late"), "define", "clean", "split")
    assert ran.code == 0, ran.err
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in WRITTEN}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return made(tmp_path_factory.mktemp("whole"), patch, None)


@pytest.mark.parametrize("size", [7, 100, 33])
def test_the_size_of_a_part_changes_no_byte(tmp_path, monkeypatch, whole, size):
    assert made(tmp_path, monkeypatch, size) == whole


def test_rows_of_a_parquet_file_are_grouped_alike_however_they_come(tmp_path):
    table = pa.table({"x": np.arange(250_000), "word": [f"w{i % 9}" for i in range(250_000)]})
    for name, size in (("small", 999), ("large", 170_000)):
        with parquet_writer(tmp_path / name) as writer:
            for at in range(0, len(table), size):
                writer.write(table.slice(at, size))
    assert (tmp_path / "small").read_bytes() == (tmp_path / "large").read_bytes()
    file = pq.ParquetFile(tmp_path / "small")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [100_000, 100_000, 50_000]


def test_a_file_that_could_not_be_finished_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_text("as before")
    with pytest.raises(RuntimeError), parquet_writer(path) as writer:
        writer.write(pa.table({"x": [1]}))
        raise RuntimeError
    assert path.read_text() == "as before" and [p.name for p in tmp_path.iterdir()] == ["rows.parquet"]


def test_a_row_is_met_first_once_in_whatever_parts_the_rows_come():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "x": np.where(rng.random(3_000) < 0.1, np.nan, rng.integers(-2, 3, 3_000) * 0.5),
            "word": pd.array(rng.choice(["a", "b", None, ""], 3_000), dtype="str"),
            "day": rng.integers(0, 40, 3_000).astype("datetime64[D]").astype("datetime64[us]"),
        }
    )
    rows.loc[rows["x"] == 0, "x"] = -0.0
    rows.loc[::2, "x"] = rows.loc[::2, "x"] + 0.0
    for size in (7, 100, 3_000):
        seen = Seen()
        first = np.concatenate([seen.first(rows.iloc[at : at + size]) for at in range(0, len(rows), size)])
        assert (first == ~rows.duplicated()).all()


def test_parts_come_back_in_their_order_and_few_are_on_their_way_at_a_time():
    given = []

    def parts():
        for i in range(20):
            given.append(i)
            yield i

    with ThreadPoolExecutor(2) as executor:
        results = over_parts(lambda i: i * i, parts(), executor, n_jobs=2)
        assert next(results) == 0 and len(given) <= 5
        assert list(results) == [i * i for i in range(1, 20)]
