"""Cross-validation folds: things whole, classes in each fold, time forward."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table.contract import Contract, Identity
from lifecycle.table.folds import make_folds, scheme_of
from lifecycle.table.rows import row_keys

FIELDS = [{"name": "who", "role": "group", "type": "string"}, {"name": "x", "role": "feature", "type": "number"},
          {"name": "when", "role": "time", "type": "date"}]  # fmt: skip


def frame(n: int) -> pd.DataFrame:
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) // 3, "D")
    return pd.DataFrame({"who": [f"p{i % 17}" for i in range(n)], "x": np.arange(n) % 29 * 1.0, "when": when})


def folds(n: int, y: np.ndarray, scheme: str, fields=FIELDS, **changes):
    rows = frame(n).assign(**changes)
    rows = rows.assign(**row_keys(rows.astype("str").fillna(""), Identity(("x",), "who")))
    return make_folds(rows, y, contract(fields), scheme, 5, 1)


def contract(fields) -> Contract:
    return Contract.read({"problem": {"target": "y", "task": "binary"}, "fields": fields})


def test_auto_is_group_where_there_is_one():
    assert scheme_of(Identity(("x",), "who"), "auto") == "group"
    assert scheme_of(Identity(("x",)), "auto") == "random"


def test_each_row_is_scored_once_and_never_fitted_on_at_once():
    pairs = folds(300, np.arange(300) % 2, "random", FIELDS[1:])
    assert sorted(np.concatenate([held for _, held in pairs])) == list(range(300))
    assert not any(set(fit) & set(held) for fit, held in pairs)


def test_no_group_is_on_both_sides():
    for fit, held in folds(300, np.arange(300) % 2, "group"):
        who = frame(300)["who"].to_numpy()
        assert not set(who[fit]) & set(who[held])


def test_rows_of_no_group_are_not_one_group():
    """A quarter of the rows of a shop's log have no customer: they must not all fall into one fold."""
    who = pd.Series([None if i % 4 == 0 else f"p{i}" for i in range(400)], dtype="str")
    x = np.arange(400.0)
    nobody = who.isna().to_numpy()
    held = [nobody[held].sum() for _, held in folds(400, np.arange(400) % 2, "group", who=who, x=x)]
    assert len(held) == 5 and max(held) < 40


def test_a_rare_class_is_in_as_many_folds_as_it_has_rows():
    y = np.zeros(300, dtype=int)
    y[[3, 50, 70, 200, 299]] = 1
    fields = [{"name": "x", "role": "feature", "type": "number"}]
    pairs = folds(300, y, "random", fields, x=np.arange(300.0))
    assert [y[held].sum() for _, held in pairs] == [1] * 5


def test_time_folds_fit_on_what_came_before_and_part_no_moment():
    when = frame(300)["when"].to_numpy()
    for fit, held in folds(300, np.zeros(300), "time", FIELDS[1:]):
        assert when[fit].max() < when[held].min()


@pytest.mark.parametrize("scheme", ["random", "group", "time"])
def test_one_fold_is_the_last_of_five_and_a_parting_takes_one_byte_a_row(scheme):
    rows = frame(300).assign(**row_keys(frame(300).astype("str"), Identity(("x",), "who")))
    y = np.arange(300) % 2
    one, five = (make_folds(rows, y, contract(FIELDS), scheme, n_folds, 1) for n_folds in (1, 5))
    assert (len(one), len(five)) == (1, 5) and five.fold.nbytes == 300
    assert [part.tolist() for part in one[0]] == [part.tolist() for part in five[-1]]


def test_a_year_is_a_time_as_well():
    year = 2000.0 + np.arange(300) // 30
    for fit, held in folds(300, np.zeros(300), "time", FIELDS[1:], when=year):
        assert year[fit].max() < year[held].min()
