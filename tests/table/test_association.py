"""Columns that say the same thing are found whatever their kinds; chance is no association."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table.association import alike, all_coded, association

rng = np.random.default_rng(1)
N = 400
X = rng.normal(size=N)
CODE = rng.integers(0, 4, N)
FRAME = pd.DataFrame(
    {
        "x": X,
        "its cube": X**3,
        "other": rng.normal(size=N),
        "code": pd.Series(np.array(list("abcd"))[CODE], dtype="str"),
        "renamed": pd.Series(np.array(["vier", "eins", "drei", "zwei"])[CODE], dtype="str"),
        "by code": 10 * CODE + rng.normal(size=N),
        "chance": pd.Series(rng.choice(list("uvw"), N), dtype="str"),
        "same": 1.0,
        "name": pd.Series([f"person {i}" for i in range(N)], dtype="str"),
    }
)
READY = all_coded(FRAME, list(FRAME.columns))


@pytest.mark.parametrize(("a", "b"), [("x", "its cube"), ("code", "renamed"), ("code", "by code")])
def test_what_says_the_same_is_close_to_one(a, b):
    assert association(READY[a], READY[b]) > 0.95
    assert association(READY[b], READY[a]) == pytest.approx(association(READY[a], READY[b]))


@pytest.mark.parametrize(("a", "b"), [("x", "other"), ("code", "chance"), ("x", "code")])
def test_chance_is_close_to_nothing(a, b):
    assert association(READY[a], READY[b]) < 0.15


def test_pairs_come_the_closest_first_and_names_and_constants_are_none():
    pairs = {frozenset((pair.a, pair.b)) for pair in alike(FRAME, list(FRAME.columns))}
    assert pairs == {
        frozenset(pair)
        for pair in [("x", "its cube"), ("code", "renamed"), ("code", "by code"), ("renamed", "by code")]
    }


def test_few_rows_where_both_are_filled_say_nothing():
    frame = FRAME.assign(x=FRAME["x"].where(FRAME.index < 10))
    ready = all_coded(frame, ["x", "its cube"])
    assert association(ready["x"], ready["its cube"]) == 0


def test_pairs_that_one_product_of_all_numbers_rules_out_are_none(monkeypatch):
    found = alike(FRAME, list(FRAME.columns), 0.5)
    monkeypatch.setattr("lifecycle.table.association._unlike", lambda ready, least: set())
    assert alike(FRAME, list(FRAME.columns), 0.5) == found != []
