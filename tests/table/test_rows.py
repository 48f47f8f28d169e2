"""What a row is: a number of the raw table's cells, the same on every machine and under every version of a library."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table import rows
from lifecycle.table.contract import Contract, Identity, read_contract
from lifecycle.table.define import changes
from lifecycle.table.rows import GROUP, ROW, row_keys, shares
from lifecycle.table.split import even_draw
from tests.here import run_here
from tests.scratch import scratch

N = 240


def test_the_hash_is_siphash_2_4():
    """The vector of its authors (Aumasson, Bernstein 2012): the key 00 01 ... 0f, the message 00 01 ... 0e. pandas then
    spreads the bits as SplitMix64 does."""
    key, message = ("".join(map(chr, range(n))) for n in (16, 15))
    hashed = pd.util.hash_array(np.array([message], dtype=object), hash_key=key, categorize=False)
    out = 0xA129CA6149BE45E5
    out = (out ^ (out >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    out = (out ^ (out >> 27)) * 0x94D049BB133111EB % 2**64
    assert int(hashed[0]) == out ^ (out >> 31)


def test_a_rows_number_is_what_it_was():
    """Another number for a row moves it to the other side, and makes a champion's learned rows unknown."""
    table = pd.DataFrame({"oven": ["north", "Süd", ""], "heat": ["3", "3.0", "-4.50"]})
    keys = row_keys(table, Identity(("oven", "heat"), group="oven"))
    assert [hex(key) for key in keys[ROW]] == ["0x89dcd5bf1eab788f", "0x80e38171adb16aa1", "0xf023dc8547008fb8"]
    assert [hex(key) for key in keys[GROUP]] == ["0xa7092afaaad26902", "0x644b35fca90e9b85", "0xf023dc8547008fb8"]
    assert shares(keys[ROW].to_numpy(), 7).round(6).tolist() == [0.03457, 0.397373, 0.022375]


def test_a_cell_is_what_a_table_says_however_it_is_exported():
    one = pd.DataFrame({"a": ["3", " Yes "], "b": ["", "NA"], "c": ["x", "y"]})
    other = pd.DataFrame({"c": ["x", "y"], "new": ["", "-"], "a": ["3.0", "yes"], "b": ["n/a", ""]})
    first, second = (row_keys(t, Identity())[ROW].tolist() for t in (one, other))
    assert first == second and len(set(first)) == 2


def test_a_row_of_a_wide_table_has_the_number_that_its_columns_give_one_by_one(monkeypatch):
    cells = ["3", "3.0", "", "NA", " Yes ", "a \u00a0 b", "a b", "\x85"]
    wide = pd.DataFrame({f"c{i}": pd.Series(cells[i % 8 :] + cells[: i % 8], dtype="str") for i in range(30)})
    together = row_keys(wide, Identity())
    monkeypatch.setattr(rows, "BLOCK", 0)
    pd.testing.assert_frame_equal(row_keys(wide, Identity()), together)


# ---- an even draw ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [60, 98, 398, 1500])
@pytest.mark.parametrize("test_size", [0.2, 0.3])
def test_a_small_table_is_parted_evenly_and_so_is_each_class(n, test_size):
    keys = row_keys(pd.DataFrame({"x": [str(i * 37) for i in range(n)]}), Identity())[ROW].to_numpy()
    target = pd.Series(["rare" if i % 10 == 0 else "usual" for i in range(n)])
    held = shares(keys, even_draw(keys, target, test_size)) < test_size
    assert abs(held.sum() - n * test_size) <= max(1, 0.01 * n)
    rare = (target == "rare").to_numpy()
    assert abs(held[rare].sum() - rare.sum() * test_size) <= max(1.5, 0.1 * rare.sum() * test_size)


def test_a_target_of_numbers_is_parted_evenly_by_its_quarters():
    n = 400
    keys = row_keys(pd.DataFrame({"x": [str(i) for i in range(n)]}), Identity())[ROW].to_numpy()
    target = pd.Series([f"{i * 1.5:.1f}" for i in range(n)])
    held = shares(keys, even_draw(keys, target, 0.2)) < 0.2
    assert all(abs(held[start : start + 100].sum() - 20) <= 1 for start in range(0, n, 100))


def test_of_many_rows_the_first_draw_is_even_enough():
    keys = np.arange(50_001, dtype=np.uint64)
    assert even_draw(keys, pd.Series(["a"] * len(keys)), 0.2) == 1


# ---- in a project ---------------------------------------------------------------------------------------------------


def table(n: int = N) -> str:
    rng = np.random.default_rng(5)
    rows = [f"{rng.normal():.4f},{rng.integers(0, 9)},{'CSQ'[i % 3]},{'yes' if i % 3 else 'no'}" for i in range(n)]
    return "\n".join(["fare,age,harbour,survived", *rows]) + "\n"


def sides(folder) -> dict[str, str]:
    """{source line: side}."""
    ran = run_here(folder, "define", "clean", "split")
    assert ran.code == 0, ran.err
    parts = {side: pd.read_parquet(folder / f"data/{side}.parquet") for side in ("train", "test")}
    return {source: side for side, rows in parts.items() for source in rows["__source__"]}


CHANGES = {
    "a column is left out": {"problem": {"exclude": ["harbour"]}},
    "two columns are left out": {"problem": {"exclude": ["harbour", "age"]}},
    "a column is of another type": {"columns": {"age": {"type": "string"}}},
    "a column is of another role": {"columns": {"age": {"role": "ignored"}}},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("forgotten", [False, True])
def test_leaving_a_column_out_or_reading_it_otherwise_moves_no_row(tmp_path, change, forgotten):
    folder = scratch(tmp_path, table(), "survived")
    before = sides(folder)
    assert {"train", "test"} == set(before.values())
    if forgotten:
        (folder / "data/contract.yaml").unlink()
    assert sides(scratch(tmp_path, table(), "survived", **CHANGES[change])) == before


def test_as_a_table_grows_its_draw_is_remembered_and_each_row_keeps_its_side(tmp_path):
    before = sides(scratch(tmp_path, table(60), "survived"))
    drawn = read_contract(tmp_path / "data/contract.yaml").identity.random_state
    after = sides(scratch(tmp_path, table(180), "survived"))
    assert read_contract(tmp_path / "data/contract.yaml").identity.random_state == drawn
    assert {source: after[source] for source in before} == before and len(after) == 180
    (tmp_path / "data/contract.yaml").unlink()
    anew = sides(scratch(tmp_path, table(180), "survived"))
    assert read_contract(tmp_path / "data/contract.yaml").identity.random_state != drawn, "or this proves nothing"
    assert {source: anew[source] for source in before} != before


def test_columns_called_as_the_row_s_number_are_the_table_s_own(tmp_path):
    written = table().replace("fare,age", "__row__,__group__", 1)
    folder = scratch(tmp_path, written, "survived")
    sides(folder)
    names = [f.name for f in read_contract(folder / "data/contract.yaml").fields]
    assert names == ["row_column", "group_column", "harbour", "survived"]
    assert pd.read_parquet(folder / "data/test.parquet")[ROW].dtype == "uint64"


# ---- what is said ---------------------------------------------------------------------------------------------------


def contract(**identity) -> dict:
    made = Contract.read({"problem": {"target": "y", "task": "regression"}, "fields": [], "identity": identity})
    return made.write()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"columns": ["id"]}, {"columns": ["a", "b"]}, "no longer by id; a row is known now also by a, b"),
        ({"columns": ["a"]}, {"columns": ["a", "new"]}, "a row is known now also by new"),
        ({"columns": ["a"]}, {"columns": ["a"], "group": "who"}, 'belong together by "who", and did by nothing'),
        ({"columns": ["a"], "group": "who"}, {"columns": ["a"]}, 'belong together by nothing, and did by "who"'),
        ({"columns": ["a"]}, {"columns": ["a"], "random_state": 4}, "drawn anew (random_state 4, was 1)"),
    ],
)
def test_what_may_move_rows_is_said(before, after, told):
    (said,) = changes(contract(**before), contract(**after))
    assert told in said and said.endswith("rows may change sides (split.identity names what shall name a row)")


def test_an_identity_that_stays_or_was_not_written_down_yet_is_not_spoken_of():
    assert changes(contract(columns=["a"]), contract(columns=["a"])) == []
    assert changes(contract(), contract(columns=["a"])) == []
