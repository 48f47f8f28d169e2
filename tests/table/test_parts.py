"""What a table becomes does not hang on the parts in which it is read."""

import hashlib
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lifecycle.ground.engine import over_parts
from lifecycle.ground.files import parquet_writer
from lifecycle.ground.workplace import Workplace
from lifecycle.table import profile, read, stretch
from lifecycle.table.duplicates import Seen, row_hashes
from lifecycle.table.part import Part
from lifecycle.table.read import SOURCE, Broken
from lifecycle.table.rows import mixed
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
        first = np.concatenate([seen.first(row_hashes(rows.iloc[at : at + size])) for at in range(0, len(rows), size)])
        assert (first == ~rows.duplicated()).all()


def test_rows_that_share_half_of_their_hash_are_different_rows():
    hashes = np.array([[5, 5, 1, 5, 5], [2, 1, 9, 2, 3]], dtype=np.uint64)
    assert Seen().first(hashes).tolist() == [True, True, True, False, True]


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


# ---- larger than what define looks at as a whole ----------------------------------------------------------------


@pytest.fixture
def small_sample(monkeypatch):
    monkeypatch.setattr(profile, "ROWS", 700)
    monkeypatch.setattr(profile, "BLOCK", 25)
    monkeypatch.setattr(profile, "CLUSTER", 500)


def many(n=3_000):
    """Rows of customers who come again and again, anywhere in the table; what is rare is in few rows."""
    rng = np.random.default_rng(3)
    customer = rng.integers(0, n // 4, n)
    taste = rng.normal(size=n // 4)[customer]
    frame = pd.DataFrame(
        {
            "row": np.arange(1, n + 1),
            "customer_id": [f"C{c:05d}" for c in customer],
            "spent": (50 + 20 * taste + rng.normal(size=n)).round(2).astype(str),
            "town": rng.choice(["Bonn", "Kiel", "Ulm"], n),
            "visits": rng.integers(1, 60, n).astype(str),
            "day": (np.datetime64("2024-01-01") + rng.integers(0, 300, n)).astype(str),
            "answer": np.where(taste + 0.3 * rng.normal(size=n) > 0, "yes", "no"),
        }
    )
    frame.loc[n - 3, "town"] = "Gera"
    frame.loc[n - 4, "visits"] = "4711"
    frame.loc[n - 5, "visits"] = "n/a"
    frame.loc[5, "spent"] = "-123.25"
    frame.loc[n - 6, "day"] = "2019-05-06"
    frame.loc[n - 7, "answer"] = "maybe"
    return frame.to_csv(index=False)


def defined(folder, monkeypatch, size=None):
    with monkeypatch.context() as patch:
        if size:
            patch.setattr(read.Tables, "parts", parted_by(size))
        ran = run_here(scratch(folder, many(), "answer"), "define", "clean", "split")
    assert ran.code == 0, ran.err
    return ran.out, yaml.safe_load((folder / "data/contract.yaml").read_text("utf-8"))


def test_what_is_in_few_rows_of_a_large_table_is_in_its_contract(tmp_path, monkeypatch, small_sample):
    out, contract = defined(tmp_path, monkeypatch)
    fields = {f["name"]: f for f in contract["fields"]}
    assert "of the 3,000 rows" in out
    assert fields["town"]["constraints"]["enum"] == ["Bonn", "Gera", "Kiel", "Ulm"]
    assert fields["visits"]["constraints"]["maximum"] == 4711 and "n/a" in fields["visits"]["missingValues"]
    assert fields["spent"]["constraints"]["minimum"] == -123.25
    assert fields["day"]["constraints"]["minimum"] == "2019-05-06"
    assert contract["problem"]["classes"] == ["maybe", "no", "yes"]
    counts = json.loads((tmp_path / "reports/cleaning.json").read_text("utf-8"))
    assert counts["cells"] == {"visits": {"missing": 1}}


def test_a_large_table_without_the_target_is_refused_as_a_small_one_is(tmp_path, small_sample):
    ran = run_here(scratch(tmp_path, many(), "anwser"), "define")
    assert ran.code == 1 and 'no column "anwser"; did you mean "answer"' in ran.err


def test_customers_all_over_a_large_table_stay_on_one_side(tmp_path, monkeypatch, small_sample):
    _, contract = defined(tmp_path, monkeypatch)
    assert contract["identity"]["group"] == "customer_id"
    sides = [pd.read_parquet(tmp_path / f"data/{side}.parquet")["customer_id"] for side in ("train", "test")]
    assert len(sides[1]) > 100 and not set(sides[0]) & set(sides[1])


def test_a_counter_of_rows_is_no_feature_of_a_large_table(tmp_path, monkeypatch, small_sample):
    _, contract = defined(tmp_path, monkeypatch)
    assert {f["name"]: f["role"] for f in contract["fields"]}["row"] == "id"


def test_the_profile_of_a_large_table_counts_all_rows_and_says_how_many_were_looked_at(
    tmp_path, monkeypatch, small_sample
):
    defined(tmp_path, monkeypatch)
    found = json.loads((tmp_path / "reports/data_profile.json").read_text("utf-8"))
    assert found["rows"] == found["sample"]["of"] == 3_000 and 200 < found["sample"]["rows"] <= 700
    assert found["columns"]["visits"]["filled"] == 2_999 and found["columns"]["town"]["distinct"] == 4
    assert abs(found["columns"]["customer_id"]["distinct"] - 720) < 150


@pytest.mark.parametrize("size", [29, 100, 3_000])
def test_the_size_of_a_part_changes_no_byte_of_a_large_table(tmp_path, monkeypatch, small_sample, size):
    defined(tmp_path / "usual", monkeypatch)
    monkeypatch.setattr(profile, "HELD_BYTES", 0)  # and neither does reading the files again
    defined(tmp_path / "parted", monkeypatch, size)
    for name in WRITTEN:
        assert (tmp_path / "usual" / name).read_bytes() == (tmp_path / "parted" / name).read_bytes(), name


def test_the_sample_does_not_hang_on_how_the_rows_come():
    table = pa.table({"x": np.arange(5_000)})
    hashes = mixed(np.arange(5_000, dtype=np.uint64) // np.uint64(10))
    found = []
    for size in (1, 70, 5_000):
        sampler = profile.Sampler(400)
        for at in range(0, 5_000, size):
            sampler.add(table.slice(at, size), hashes[at : at + size])
        found.append(sampler.table()["x"].to_pylist())
    assert found[0] == found[1] == found[2] and 100 < len(found[0]) <= 400


@pytest.mark.parametrize("most", [0, 1, 30, 399, 400, 5_000])
def test_how_few_rows_are_wanted_is_told_from_any_of_the_rows(most):
    chance = np.random.default_rng(most)
    of_rows = mixed(chance.integers(0, 90, 400).astype(np.uint64)) >> np.uint64(most % 5)
    of_rows[:40] = np.uint64(2**64 - 1)  # empty cells
    table = pa.table({"x": np.arange(400)})
    sampler = profile.Sampler(most)
    sampler.add(table, of_rows)
    assert profile.least_halvings(of_rows, most) == sampler.halvings
    begun = profile.Sampler(most, profile.least_halvings(of_rows[:100], most))
    begun.add(table, of_rows)
    assert begun.halvings == sampler.halvings and begun.table() == sampler.table()


def test_a_part_that_travels_is_its_own_rows_and_not_what_it_was_cut_from():
    table = pa.table({"a": pa.array([f"text {i}" for i in range(50_000)], pa.large_string()), SOURCE: ["f:1"] * 50_000})
    part = Part(table.slice(40_000, 10), [Broken("f:3", "why", "x")], table.slice(3, 2))
    sent = pickle.dumps(part)
    assert len(sent) < 5_000
    assert pickle.loads(sent) == part


def several(folder):
    """`folder` with three tables of unlike columns, some of whose lines are no rows."""
    scratch(folder, TABLE, "late")
    raw = folder / "data/raw"
    (raw / "b.csv").write_text(
        "when,id,late,extra\n" + "".join(f"2021-03-{1 + i % 28},b{i},no,{i}\n" for i in range(90))
    )
    (raw / "c.csv").write_text(HEAD + "".join(row(i) for i in range(600, 700)) + "k701,2020\n")
    return folder


def test_a_file_that_others_read_for_themselves_gives_the_cells_that_it_gives_here(tmp_path, monkeypatch):
    raw = several(tmp_path) / "data/raw"
    here = list(read.open_tables(raw).cell_parts())
    with Workplace(2) as at:
        places = list(read.open_tables(raw).places(at))
    assert [place.name for place in places] == ["b.csv", "c.csv", "table.csv"]
    there = [part for place in pickle.loads(pickle.dumps(places)) for part in place.cell_parts()]
    assert pa.concat_tables([part.table for part in there]) == pa.concat_tables([part.table for part in here])
    assert [part.broken for part in there] == [part.broken for part in here]


def test_parts_travel_of_one_file_of_large_ones_and_where_a_worker_does_not_see_them(tmp_path, monkeypatch):
    raw = several(tmp_path) / "data/raw"

    def handed(n_jobs):
        with Workplace(n_jobs) as at:
            tables = read.open_tables(raw)
            return {type(given) for given in tables.places(at)} if tables.lie_apart(at) else set()

    assert not handed(1) and handed(2) == {read.Place}
    with monkeypatch.context() as patch:
        patch.setattr(Workplace, "sees", lambda self, path: False)
        assert not handed(2)
    size = (raw / "table.csv").stat().st_size
    monkeypatch.setattr(read, "LARGEST", size - 1)
    assert handed(2) == {Part, read.Place}
    monkeypatch.setattr(read, "is_parted", lambda file: False)
    monkeypatch.setattr(read, "LARGEST", 1)
    assert not handed(2)


def test_define_and_clean_write_the_same_bytes_whoever_reads_the_files(tmp_path, monkeypatch, small_sample):
    monkeypatch.setattr(profile, "HELD_BYTES", 0)
    monkeypatch.setattr(profile, "APART", 0)
    monkeypatch.setattr(stretch, "SIZE", 3_000)
    # of so small a table any of the last rows might be a total
    monkeypatch.setattr(stretch.footer, "needs_all_rows", lambda layout: False)
    digests = []
    for name, n_jobs, largest in (("here", 1, 0), ("files", 2, read.LARGEST), ("stretches", 2, 0)):
        folder = several(tmp_path / name)
        params = yaml.safe_load((folder / "params.yaml").read_text("utf-8"))
        params["engine"]["n_jobs"] = n_jobs
        (folder / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(read, "LARGEST", largest)
            ran = run_here(folder, "define", "clean")
        assert ran.code == 0, ran.err
        digests.append([hashlib.sha256((folder / out).read_bytes()).hexdigest() for out in WRITTEN[:5]])
    assert digests[0] == digests[1] == digests[2]


def test_who_reads_the_rows_changes_none_of_the_sample(tmp_path, monkeypatch, small_sample):
    lines = [f'k{i},"first line\nof {i % 5}",{"yes" if i % 3 else "no"}\n' for i in range(2_000)]
    (tmp_path / "a.csv").write_text("id,note,late\n" + "".join(lines[:1_500]) + "k1,too few\n")
    (tmp_path / "b.csv").write_text("late,id,note\n" + "".join(f"no,b{i},\n" for i in range(500)))
    here = profile.read_profiled(tmp_path, read.ReadOptions(), "late")
    monkeypatch.setattr(profile, "APART", 0)
    monkeypatch.setattr(read, "LARGEST", 0)
    monkeypatch.setattr(stretch, "SIZE", 5_000)
    monkeypatch.setattr(stretch.footer, "needs_all_rows", lambda layout: False)
    with Workplace(2) as at:
        there = profile.read_profiled(tmp_path, read.ReadOptions(), "late", at)
    assert there.whole.apart and not here.whole.apart
    pd.testing.assert_frame_equal(here.frame, there.frame)
    assert 300 < len(here.frame) <= 700 and {s.split(":")[0] for s in here.frame[SOURCE]} == {"a.csv", "b.csv"}
    assert (here.broken, here.facts, here.rows_in) == (there.broken, there.facts, there.rows_in)
    assert (here.whole.lines, here.whole.target.tolist()) == (there.whole.lines, there.whole.target.tolist())


def test_rows_are_chosen_by_file_and_line_and_not_by_how_many_came_before():
    def hashed(file, *lines):
        return profile.hashes_of_blocks(pa.chunked_array([[f"{file}:{line}" for line in lines]], pa.large_string()))

    a = hashed("a: b.csv", 2, 999, 1_000, 70_001)
    assert a[0] == a[1] != a[2] and len(set(a.tolist())) == 3
    assert hashed("a: b.csv", 1_000, 70_001).tolist() == a[2:].tolist()
    assert hashed("c.csv", 2) != a[0] and not len(hashed("c.csv"))
