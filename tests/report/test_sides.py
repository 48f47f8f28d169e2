"""What the split did: training rows against test rows, and chance is not taken for a difference."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.ground.files import write_parquet
from lifecycle.report import sides
from lifecycle.table.contract import Contract
from tests.small_model import contract

RNG = np.random.default_rng(3)
TERMS = Contract.read(contract("binary"))
FIELDS = [field for field in TERMS.features if field.type != "text"]


def rows(n, shift=0.0, north=0.5):
    out = pd.DataFrame({field.name: RNG.normal(size=n) for field in FIELDS if field.is_number})
    out["signal"] += shift
    out["place"] = np.where(RNG.random(n) < north, "north", "south")
    return out


def found(train, test):
    return sides.compared(TERMS, [field for field in FIELDS if not field.is_date], train, test)


def test_draws_of_one_table_are_not_told_apart():
    same = found(rows(3000), rows(700))
    assert not [one for one in same.columns if one.differs]
    assert "No column is distributed differently" in sides.in_words(same)


def test_a_moved_number_and_a_rarer_level_come_first_with_their_names():
    moved = found(rows(3000), rows(700, shift=0.5, north=0.3))
    assert {one.column for one in moved.columns[:2]} == {"signal", "place"}
    text = sides.in_words(moved)
    assert "signal" in text and "place" in text and "A random split rarely does this" in text
    (place,) = (one for one in moved.columns if one.column == "place")
    assert place.distance == pytest.approx(0.2, abs=0.06) and place.train.split()[0] in ("north", "south")


def test_a_boolean_is_called_as_in_the_table_and_not_1_0():
    field = Contract.read(
        contract("binary")
        | {
            "fields": [
                {"name": "paid", "type": "boolean", "role": "feature", "trueValues": ["Yes"], "falseValues": ["No"]}
            ]
        }
    ).by_name["paid"]
    words = sides.in_words_of(field, pd.Series([1.0, 0.0, np.nan]))
    assert words.tolist() == ["Yes", "No", "(missing)"]


def test_an_empty_column_and_one_that_is_not_there_are_left_out():
    train, test = rows(300), rows(100)
    test["signal"] = np.nan
    assert "signal" not in [one.column for one in found(train, test.drop(columns="place")).columns]


def test_a_large_table_is_looked_at_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr(sides, "ROWS", 100)
    frame = pd.DataFrame({"signal": np.arange(1000.0)})
    write_parquet(tmp_path / "t.parquet", frame)
    got = sides.some_rows(str(tmp_path / "t.parquet"), FIELDS)
    assert got["signal"].tolist() == np.arange(0.0, 1000, 10).tolist()
