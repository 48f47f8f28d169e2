"""A large file is read in stretches by whoever does the work: the same rows, lines and reasons as in one go."""

import csv
import gzip
import io
import pickle
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle.ground.errors import UserError
from lifecycle.ground.workplace import Workplace
from lifecycle.table import columnar, read, stretch
from lifecycle.table.read import Place, open_tables
from tests.here import run_here
from tests.scratch import scratch


def written(chance, rows=400):
    """Rows as a csv writer has them, many with line ends in a cell; here and there a line that is no row."""
    end = chance.choice(["\n", "\r\n"])
    cells = ["7", "red", "ä ö", "a, b", 'say "hi"', f"one{end}two, more", f"x{end}{end}y", '"q"']
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(["id", "b", "c", "d"])
    for i in range(rows):
        writer.writerow([f"r{i}", *(chance.choice(cells) for _ in range(3))])
        if chance.random() < 0.01:
            out.write(chance.choice([f'r,"never closed,1,2{end}', f"too,few{end}", f"id,b,c,d{end}", end]))
    return out.getvalue().encode(chance.choice(["utf-8", "utf-8-sig", "cp1252"]))


def apart(folder, monkeypatch, size):
    """(what lies apart, its parts as a worker reads them)"""
    monkeypatch.setattr(read, "LARGEST", 0)
    monkeypatch.setattr(stretch, "SIZE", size)
    # of so small a table any of the last rows might be a total
    monkeypatch.setattr(stretch.footer, "needs_all_rows", lambda layout: False)
    with Workplace(2) as at:
        tables = open_tables(folder)
        assert tables.lie_apart(at)
        given = pickle.loads(pickle.dumps(list(tables.places(at))))
    return given, [part for one in given for part in (one.cell_parts() if isinstance(one, Place) else [one])]


def together(given):
    parts = list(given)
    return pa.concat_tables([part.table for part in parts]), [one for part in parts for one in part.broken]


@pytest.mark.parametrize("seed", range(20))
def test_stretches_give_the_rows_that_the_whole_file_gives(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)
    (tmp_path / "t.csv").write_bytes(written(chance))
    here = together(open_tables(tmp_path).cell_parts())
    given, parts = apart(tmp_path, monkeypatch, chance.choice([300, 700, 2_000]))
    assert sum(isinstance(one, Place) for one in given) >= 2
    assert together(parts) == here


def test_where_lines_are_rows_by_themselves_only_the_end_of_a_block_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("id,b,c\n" + "".join(f'{i},"{i:,}",x\n' for i in range(3_000)))
    here = together(open_tables(tmp_path).cell_parts())
    looked = []
    monkeypatch.setattr(stretch, "MAX_CELL", 200)
    monkeypatch.setattr(stretch, "CERTAIN", 1_000)
    whole = stretch.TextBlock.found
    monkeypatch.setattr(stretch.TextBlock, "found", lambda block: looked.append(len(block.data)) or whole(block))
    given, parts = apart(tmp_path, monkeypatch, 10_000)
    first_read = looked[: -len(given)]
    assert together(parts) == here and not [size for size in first_read if size > 10_500]


def test_a_total_at_the_end_and_a_note_are_no_rows_of_a_file_in_stretches(tmp_path, monkeypatch):
    rows = "".join(f"s{i},{i % 7},{i % 9},yes\n" for i in range(900))
    (tmp_path / "t.csv").write_text("shop,a,b,y\n" + rows + "Source: a survey of 2020,,,\n")
    here = together(open_tables(tmp_path).cell_parts())
    _, parts = apart(tmp_path, monkeypatch, 2_000)
    assert together(parts) == here and len(here[1]) == 1


@pytest.mark.parametrize("group", [7, 50, 130, 2_000])
def test_row_groups_of_parquet_give_the_rows_that_the_whole_file_gives(tmp_path, monkeypatch, group):
    rows = 500
    table = pa.table(
        {
            "id": [f"k{i}" for i in range(rows)],
            "n": pa.array([None if i % 7 == 3 else i * 0.5 for i in range(rows)]),
            "s": [{"v": i, "w": "x"} for i in range(rows)],
            "y": [i % 3 == 0 for i in range(rows)],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=group)
    (tmp_path / "b.csv").write_text("y,id\n" + "".join(f"true,b{i}\n" for i in range(300)))
    monkeypatch.setattr(columnar, "ROWS", 40)
    monkeypatch.setattr(columnar, "MOST_ROWS", 60)
    here = together(open_tables(tmp_path).cell_parts())
    given, parts = apart(tmp_path, monkeypatch, 1_000)
    places = [one for one in given if isinstance(one, Place) and one.name == "a.parquet"]
    assert len(places) >= 8 and {place.stretch.count for place in places} <= set(range(1, 61))
    assert together(parts) == here


def test_parquet_that_is_packed_is_read_here(tmp_path, monkeypatch):
    pq.write_table(pa.table({"a": range(500), "y": range(500)}), tmp_path / "t.parquet", row_group_size=50)
    monkeypatch.setattr(columnar, "ROWS", 40)
    monkeypatch.setattr(columnar, "MOST_ROWS", 60)
    monkeypatch.setattr(read, "LARGEST", 0)
    with Workplace(2) as at:
        assert open_tables(tmp_path).lie_apart(at)
        packed = gzip.compress((tmp_path / "t.parquet").read_bytes())
        (tmp_path / "t.parquet").write_bytes(packed)
        assert not open_tables(tmp_path).lie_apart(at)


@pytest.mark.parametrize("made", [
    ("a,b\n" + "".join(f"{i},x\n" for i in range(200))).encode("utf-16"),
    ("a,b\r" + "".join(f"{i},x\r" for i in range(200))).encode(),
    ("shop,a,b\n" + "".join(f"s{i},{i % 7},{i % 9}\n" for i in range(200)) + "Total,597,796\n").encode(),
], ids=["utf-16", "lone returns", "a total of all rows"])  # fmt: skip
def test_a_file_that_no_one_can_begin_to_read_in_the_middle_is_read_here(tmp_path, monkeypatch, made):
    (tmp_path / "t.csv").write_bytes(made)
    monkeypatch.setattr(read, "LARGEST", 0)
    with Workplace(2) as at:
        assert not open_tables(tmp_path).lie_apart(at)


def test_a_line_end_is_a_byte_of_its_own_in_most_encodings():
    alone = ["utf-8", "utf-8-sig", "cp1252", "cp1251", "iso8859-15", "koi8-r", "mac-roman", "cp437", "tis-620"]
    other = [
        "utf-16",
        "utf-32-le",
        "shift_jis",
        "euc_jp",
        "iso2022_jp",
        "gbk",
        "gb18030",
        "hz",
        "big5",
        "cp949",
        "johab",
        "cp037",
    ]
    assert [stretch._is_of_bytes(name) for name in alone] == [True] * len(alone)
    assert [stretch._is_of_bytes(name) for name in other] == [False] * len(other)


def test_too_many_lines_that_are_no_rows_are_refused_of_stretches_too(tmp_path, monkeypatch):
    bad = "".join(f"k{i},{i % 5},{'yes' if i % 3 else 'no'}\n" + ("k,1\n" if i % 4 == 1 else "") for i in range(300))
    folder = scratch(
        tmp_path, "id,size,late\n" + "".join(f"k{i},{i % 5},{'yes' if i % 3 else 'no'}\n" for i in range(300)), "late"
    )
    assert run_here(folder, "define").code == 0
    (folder / "data/raw/table.csv").write_text("id,size,late\n" + bad)
    said = run_here(folder, "clean").err
    monkeypatch.setattr(read, "LARGEST", 0)
    monkeypatch.setattr(stretch, "SIZE", 500)
    monkeypatch.setattr(stretch.footer, "needs_all_rows", lambda layout: False)
    assert "of 375 rows cannot be read for one reason" in said and run_here(folder, "clean").err == said


def test_a_file_that_is_cut_while_it_is_read_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("id,b,c\n" + "".join(f"{i},{i},x\n" for i in range(900)))
    given, _ = apart(tmp_path, monkeypatch, 2_000)
    (tmp_path / "t.csv").unlink()
    with pytest.raises(UserError, match="cannot be read to its end"):
        list(given[0].cell_parts())
