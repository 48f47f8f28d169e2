"""dates: what of them is used is what the folds predict better by, parted as the search parts them."""

import numpy as np
import pandas as pd

from lifecycle.model.encode import together
from lifecycle.search.data import TrainingData
from lifecycle.search.dates import (
    best_way,
    date_kinds,
    rows_for,
    spans,
    useful_dates,
    ways_of,
)
from lifecycle.table.contract import Contract
from lifecycle.table.rows import ROW
from tests.settings import settings

TRAIN = settings("train", time_budget=20)


def taken(y, scheme="random", params=TRAIN):
    """The kind that the column "when" is given, of a row a week."""
    n = len(y)
    frame = pd.DataFrame({
        "when": pd.Timestamp("2015-01-01") + pd.to_timedelta(7 * np.arange(n), "D"),
        ROW: np.random.default_rng(0).integers(0, 2**63, n, dtype="uint64"),
    })  # fmt: skip
    rows = {"when": frame["when"].to_numpy()}
    data = TrainingData("regression", [], "rmse", rows, {"when": "M"}, {"when": "time"}, np.asarray(y, float), None, 1)
    field = {"name": "when", "role": "time", "type": "date"}
    contract = Contract.read({"problem": {"target": "y", "task": "regression"}, "fields": [field]})
    return useful_dates(frame, data, contract, params, scheme)["when"]


WEEKS = np.arange(150)
NOISE = np.random.default_rng(1).normal(size=150)


def test_growth_is_learnt_by_the_time_that_has_passed():
    assert taken(WEEKS + NOISE) == "time passed"


def test_forward_in_time_growth_is_followed_further_where_it_went_on():
    assert taken(WEEKS + NOISE, "time") == "time to come"


def test_where_dates_say_nothing_their_plain_parts_stay():
    assert taken(NOISE) == "time"


def test_too_small_a_budget_or_table_leaves_dates_as_they_are():
    assert taken(WEEKS + NOISE, params=settings("train", time_budget=1)) == "time"
    assert taken(WEEKS[:40] + NOISE[:40]) == "time"


def test_a_richer_way_must_gain_more_than_noise_and_on_few_rows_more():
    ways = [{"when": kind} for kind in ("time", "time of year", "time passed")]
    assert best_way(ways, [1.0, 0.98, 0.979], rows=5_000) == ({"when": "time of year"}, 0.98)
    assert best_way(ways, [1.0, 0.999, 0.98], rows=5_000) == ({"when": "time passed"}, 0.98)
    assert best_way(ways, [1.0, 0.98, 0.979], rows=100) == ({"when": "time"}, 1.0)
    assert best_way(ways, [1.0, float("nan"), 0.9], rows=100) == ({"when": "time passed"}, 0.9)


def test_without_dates_there_is_one_way_and_other_columns_keep_their_kind():
    assert ways_of({"x": "number", "note": "text"}, "random") == [{"x": "number", "note": "text"}]
    assert ways_of({"x": "number", "due": "date"}, "time") == [
        {"x": "number", "due": "date"},
        {"x": "number", "due": "time to come"},
    ]
    assert date_kinds({"x": "number", "due": "time of year"}) == {"due": "time of year"}


def test_a_class_of_few_rows_stops_nothing():
    n = 60
    rows = {"when": np.arange(n).astype("datetime64[D]").astype("datetime64[us]")}
    frame = pd.DataFrame(rows | {ROW: np.random.default_rng(0).integers(0, 2**63, n, dtype="uint64")})
    y = np.arange(n) % 2
    y[:2] = 2
    data = TrainingData("multiclass", list("abc"), "log_loss", rows, {"when": "M"}, {"when": "time"}, y, None, 1)
    field = {"name": "when", "role": "time", "type": "date"}
    contract = Contract.read({
        "problem": {"target": "y", "task": "multiclass", "classes": list("abc")},
        "fields": [field],
    })  # fmt: skip
    assert useful_dates(frame, data, contract, TRAIN, "random")["when"] in ("time", "time passed")


# ---- what two columns say together --------------------------------------------------------------------------------


def test_the_time_between_dates_is_looked_at_in_their_order():
    kinds = {"ordered": "time", "x": "number", "delivered": "date"}
    assert spans(kinds) == [(together("ordered", "delivered"), "between")]
    assert date_kinds(kinds | dict(spans(kinds))) == {
        "ordered": "time",
        "delivered": "date",
        "ordered and delivered": "between",
    }


def test_what_is_decided_on_follows_from_the_budget_and_not_from_the_clock():
    when = np.arange(50_000).astype("datetime64[h]").astype("datetime64[us]")
    data = TrainingData("regression", [], "rmse", {"when": when}, {}, {"when": "time"}, np.zeros(50_000), None, 1)
    rows = [rows_for(data, ways_of(data.kinds, "random"), settings("train", time_budget=t)) for t in (1, 4, 60)]
    assert rows[0] < 60 and rows == sorted(rows) and rows[-1] == 10_000
