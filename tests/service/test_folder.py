"""Scoring a folder of tables: each under its own name, here or in a store, and nothing that a store raises is a traceback."""

import fsspec
import pytest

from lifecycle.ground.errors import UserError
from lifecycle.ground.workplace import Workplace
from service import folder
from service.score import score
from tests.service.build import table

NAMES = ("a.csv", "may/b.csv.gz")
ANSWERS = ("a.csv", "may/b.csv")


@pytest.fixture
def tables(tmp_path):
    """A folder of two tables of 30 rows, one of them packed, and what is none."""
    for name, seed in zip(NAMES, (5, 6), strict=True):
        path = tmp_path / "new" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table(30, seed=seed).drop(columns="price").to_csv(path, index=False)
    (tmp_path / "new/readme.md").write_text("not a table")
    return tmp_path / "new"


@pytest.fixture
def alone(bundle, tables, tmp_path):
    """The bytes of the answers, each table scored by itself."""
    made = []
    for name, target in zip(NAMES, ANSWERS, strict=True):
        score(bundle, tables / name, tmp_path / "alone" / target)
        made.append((tmp_path / "alone" / target).read_bytes())
    return made


def test_each_table_of_a_folder_has_its_answers_under_its_own_name(bundle, tables, alone, tmp_path):
    done = folder.score_files(bundle, str(tables), f"{tmp_path}/out/")
    assert done == {"rows": 60, "rejected": 0, "files": 2}
    assert [(tmp_path / "out" / name).read_bytes() for name in ANSWERS] == alone
    assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == ["a.csv", "b.csv"]


def test_where_workers_do_not_see_the_folder_its_files_are_read_here(bundle, tables, alone, tmp_path, monkeypatch):
    monkeypatch.setattr(Workplace, "sees", lambda self, path: path.name == folder.SEEN)
    monkeypatch.setattr(Workplace, "map", lambda self, function, pairs, what="": pytest.fail("a file was given away"))
    monkeypatch.setattr(Workplace, "pairs", lambda self, function, parts, of: ((p, function(of(p))) for p in parts))
    folder.score_files(bundle, str(tables), f"{tmp_path}/out")
    assert [(tmp_path / "out" / name).read_bytes() for name in ANSWERS] == alone


def test_a_store_is_read_and_written(bundle, tables, alone):
    store = fsspec.filesystem("memory")
    store.put(str(tables), "/bucket/new", recursive=True)
    done = folder.score_files(bundle, "memory://bucket/new/", "memory://bucket/scored/")
    assert done == {"rows": 60, "rejected": 0, "files": 2}
    assert [store.cat(f"/bucket/scored/{name}") for name in ANSWERS] == alone
    folder.score_files(bundle, "memory://bucket/new/a.csv", "memory://bucket/one.csv")
    assert store.cat("/bucket/one.csv") == alone[0]


def test_rows_that_cannot_be_used_lie_beside_the_answers_in_the_store(bundle, tables):
    store = fsspec.filesystem("memory")
    text = (tables / "a.csv").read_text() + ",,,,,,,\n"
    store.pipe("/bad/new/a.csv", text.encode())
    assert folder.score_files(bundle, "memory://bad/new/", "memory://bad/out/")["rejected"] == 1
    assert b"no feature is filled" in store.cat("/bad/out/a.rejected.csv")


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("memory://nowhere/", "memory://out/", "has no table"),
        ("memory://nowhere/x.csv", "out.csv", "is not there"),
        ("nostore://x/", "out/", "is in a store that is not known"),
        ("memory://bucket/", "memory://bucket/scored/", "write the answers elsewhere"),
    ],
)
def test_what_is_wrong_with_an_address_is_a_sentence(bundle, source, target, said):
    with pytest.raises(UserError, match=said):
        folder.score_files(bundle, source, target)


def test_answers_of_two_tables_never_go_by_one_name(bundle, tables, tmp_path):
    (tables / "a.csv.gz").write_bytes((tables / "may/b.csv.gz").read_bytes())
    with pytest.raises(UserError, match="one name"):
        folder.score_files(bundle, str(tables), str(tmp_path / "out"))
