"""A row's side: by a hash of what it is, so that it keeps its side, and nothing stands on both."""

import datetime
import hashlib
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.ground.errors import UserError
from lifecycle.table.contract import Contract, Identity
from lifecycle.table.rows import row_keys
from lifecycle.table.split import check, held_out, lost_classes, uneven
from tests.here import run_here
from tests.scratch import ROOT, scratch

X = {"name": "x", "role": "feature", "type": "number"}
ID = {"name": "id", "role": "id", "type": "string"}
WHO = {"name": "who", "role": "group", "type": "string"}
WHEN = {"name": "when", "role": "time", "type": "date"}
GOOD = {"name": "good", "role": "target", "type": "string"}


def contract(*fields, classes=("no", "yes"), task="binary", positive="") -> Contract:
    problem = {"target": "good", "task": task, "classes": list(classes), "positive": positive}
    return Contract.read({"problem": problem, "fields": [*fields, GOOD]})


BY_X = Identity(("x",))


def frame(x, named: Identity = BY_X, **columns) -> pd.DataFrame:
    n = len(x)
    good = ["yes", "no"] * (n // 2) + ["yes"] * (n % 2)
    made = pd.DataFrame({"x": np.asarray(x, dtype=float), "good": good, **columns})
    return made.assign(**row_keys(as_cells(made), named))


def as_cells(made: pd.DataFrame) -> pd.DataFrame:
    return made.astype("str").fillna("")


def test_about_the_share_asked_for_is_tested_on():
    held = held_out(frame(np.arange(5000)), contract(X), "random", 0.2, 1)
    assert abs(held.mean() - 0.2) < 0.02


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60),
    st.lists(st.integers(0, 10**6), max_size=60),
    st.integers(0, 99),
)
def test_a_rows_side_never_changes_when_rows_are_appended(old, new, seed):
    before = held_out(frame(old), contract(X), "random", 0.3, seed)
    after = held_out(frame(old + new), contract(X), "random", 0.3, seed)
    assert (after[: len(old)] == before).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.integers(0, 99))
def test_copies_are_never_parted(values, seed):
    held = held_out(frame(values), contract(X), "random", 0.5, seed)
    assert pd.Series(held).groupby(values).nunique().max() == 1


def test_a_corrected_row_keeps_its_side_by_its_id():
    ids = [f"k{i}" for i in range(300)]
    a, b = (frame(np.arange(300) + d, Identity(("id",)), id=ids) for d in (0, 7))
    assert (held_out(a, contract(ID, X), "random", 0.3, 1) == held_out(b, contract(ID, X), "random", 0.3, 1)).all()


def test_a_customer_is_never_parted():
    who = pd.Series([f"c{i % 40}" for i in range(400)])
    held = held_out(frame(np.arange(400), Identity(("x",), "who"), who=who), contract(X, WHO), "group", 0.3, 1)
    assert pd.Series(held).groupby(who).nunique().max() == 1 and 0 < held.sum() < 400


def test_rows_without_a_customer_are_not_one_customer():
    who = pd.Series([None if i % 2 else f"c{i}" for i in range(400)], dtype="str")
    held = held_out(frame(np.arange(400), Identity(("x",), "who"), who=who), contract(X, WHO), "group", 0.3, 1)
    assert 0.2 < held[who.isna()].mean() < 0.4


def test_the_newest_are_tested_on_and_a_day_is_never_parted():
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200) // 7, "D")
    held = held_out(frame(np.arange(200), when=when), contract(X, WHEN), "time", 0.25, 1)
    assert when[~held].max() < when[held].min()
    year = 2000.0 + np.arange(200) // 20
    held = held_out(frame(np.arange(200), when=year), contract(X, WHEN), "time", 0.25, 1)
    assert year[~held].max() < year[held].min()


@pytest.mark.parametrize(("start", "held"), [("2024-01-20", 67), ("2024-01-20T00:00:00", 67)])
def test_test_from_is_a_moment_from_which_on_rows_are_tested_on(start, held):
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200) // 7, "D")
    rows = frame(np.arange(200), when=pd.Series(when).mask(np.arange(200) == 199))
    assert held_out(rows, contract(X, WHEN), "time", 0.25, 1, start).sum() == max(held - 1, 0)  # one has no time
    year = 2000.0 + np.arange(200) // 20
    assert held_out(frame(np.arange(200), when=year), contract(X, WHEN), "time", 0.25, 1, 2008).sum() == 40


@pytest.mark.parametrize("start", ["soon", "now", "05.01.2024", "nat", "nan"])
def test_a_test_from_that_is_no_time_says_how_one_looks(start):
    rows = frame(np.arange(20), when=pd.Series(pd.date_range("2024-01-01", periods=20)).mask(np.arange(20) == 0))
    with pytest.raises(
        UserError, match=rf"split.test_from is '{start}'.* a time like 2024-01-02T00:00:00|them, or leave"
    ):
        held_out(rows, contract(X, WHEN), "time", 0.25, 1, start)


def test_a_date_where_times_are_numbers_is_refused():
    year = 2000.0 + np.arange(200) // 20
    with pytest.raises(UserError, match="write a time like 2000.0"):
        held_out(frame(np.arange(200), when=year), contract(X, WHEN), "time", 0.25, 1, datetime.date(2008, 1, 1))


@pytest.mark.parametrize("start", ["2023-12-31", "2024-01-01", "2024-02-01"])
def test_a_test_from_that_leaves_one_side_empty_says_where_the_rows_are(start):
    rows = frame(np.arange(20), when=pd.date_range("2024-01-01", periods=20))
    with pytest.raises(
        UserError, match="the rows go from 2024-01-01T00:00:00 to 2024-01-20T00:00:00; write a time between"
    ):
        held_out(rows, contract(X, WHEN), "time", 0.25, 1, start)


def test_a_share_far_from_the_one_asked_for_is_said_where_time_decides():
    rows, held = frame(np.arange(100)), np.arange(100) >= 40
    assert "60% of the rows are test rows" in uneven(rows, held, contract(X), "time", 0.2)[0]
    assert uneven(rows, np.arange(100) >= 85, contract(X), "time", 0.2) == []


def test_where_no_positive_is_left_to_test_on_a_random_state_is_named_that_works():
    rows = frame(np.arange(200)).assign(good="no")
    held = held_out(rows, contract(X), "random", 0.2, 1)
    rows.loc[np.flatnonzero(~held)[:6], "good"] = "yes"
    with pytest.raises(
        UserError, match=r'no row of class "yes" of "good" to test; split.random_state: (\d+) in params.yaml'
    ) as said:
        check(rows[~held], rows[held], contract(X), "random", 0.2)
    seed = int(str(said.value).split("split.random_state: ")[1].split()[0])
    assert rows["good"][held_out(rows, contract(X), "random", 0.2, seed)].nunique() == 2


def test_a_class_on_one_side_only_is_said_aloud():
    rows = frame(np.arange(20)).assign(good=["a", "b"] * 9 + ["c", "c"])
    task = contract(X, classes="abc", task="multiclass")
    check(rows[:14], rows[14:], task, "random", 0.2)
    assert lost_classes(rows[:14], rows[14:], task) == ['class "c" has no row in train: it cannot be learned']


TABLE = "id,x,colour,good\n" + "".join(
    f"k{i},{i * 37 % 101},{'rgb'[i % 3]}{'ed' * (i % 2)},{'yes' if i % 5 < 2 else 'no'}\n" for i in range(200)
)


def digests(folder) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and "raw" not in p.parts)
    return {p.relative_to(folder).as_posix(): hashlib.md5(p.read_bytes()).hexdigest() for p in files}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    """Twice in one folder, in another one, and in processes with other hash seeds."""
    one, two = scratch(tmp_path / "one", TABLE, "good"), scratch(tmp_path / "two", TABLE, "good")
    assert run_here(one, "define", "clean", "split").code == 0
    first = digests(one)
    assert run_here(one, "define", "clean", "split").code == 0 and digests(one) == first
    run = (
        "from tests.here import run_here; import sys; sys.exit(run_here(sys.argv[1], 'define', 'clean', 'split').code)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", run, str(two)], env=env, cwd=tmp_path).returncode == 0
    assert digests(two) == first and len(first) == 10


@pytest.mark.parametrize("stage", ["define", "clean", "split"])
def test_a_stage_loads_no_library_that_it_does_not_use(stage):
    """scikit-learn alone costs a second and a half at each start."""
    look = f"import sys, stages.{stage}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert not {"sklearn", "scipy", "matplotlib", "joblib", "dvc", "catboost"} & set(done.stdout.split())


def test_an_uneven_draw_is_said_aloud_with_a_random_state_that_is_more_even():
    rows, spec = frame(np.arange(60)), contract(X, positive="yes")
    told = {}
    for state in range(1, 30):
        held = held_out(rows, spec, "random", 0.2, state)
        told[state] = uneven(rows, held, spec, "random", 0.2)
        far = bool(abs(held.mean() / 0.2 - 1) >= 0.15 or abs((rows["good"][held] == "yes").mean() / 0.5 - 1) >= 0.15)
        assert bool(told[state]) is far
    named = next(int(said[0].split("split.random_state: ")[1].split()[0]) for said in told.values() if said)
    assert not uneven(rows, held_out(rows, spec, "random", 0.2, named), spec, "random", 0.2)
