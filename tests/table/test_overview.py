"""The look at the table before training finds what was put into it, with the lines where it is."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table.contract import Contract
from lifecycle.table.overview import overview
from tests.small_model import contract, table

TASKS = ["binary", "multiclass", "regression"]


def as_text(frame):
    """As it came: cells of text, none where they are missing."""
    out = frame.drop(columns="__source__").astype(object)
    out["day"] = frame["day"].dt.strftime("%Y-%m-%d")
    out["member"] = np.where(frame["member"] == 1, "yes", "no")
    return out.map(lambda cell: "" if pd.isna(cell) else str(cell)).astype("str").assign(__source__=frame["__source__"])


def looked_at(task, frame=None):
    terms = contract(task)
    for spec in terms["fields"]:
        spec |= {"missingValues": [""], "trueValues": ["yes"], "falseValues": ["no"], "format": "ISO8601"}
    terms["fields"] = [spec for spec in terms["fields"] if spec["role"] != "id"]
    given = as_text(table(task, 600, seed=1)) if frame is None else frame
    return overview(given, Contract.read(terms))


@pytest.mark.parametrize("task", TASKS)
def test_the_column_that_decides_is_first(task):
    found = looked_at(task)
    assert found["columns"][0]["column"] == "signal"
    assert found["columns"][0]["strength"] > 0.4
    assert {one["column"] for one in found["columns"]} == {"signal", "noise", "place", "member", "day", "remark"}


@pytest.mark.parametrize("task", TASKS)
def test_bars_hold_each_filled_row_once(task):
    for one in looked_at(task)["columns"]:
        if one["bars"]:
            assert sum(one["bars"]) == round(600 * one["filled"])


def test_the_target_rises_with_what_decides_it():
    signal = looked_at("regression")["columns"][0]
    means = [mean for mean in signal["means"] if mean is not None]
    assert means[-1] > means[0] + 5


def test_caps_heaps_and_what_is_far_out_are_named_with_their_lines():
    frame = as_text(table("binary", 600, seed=1))
    frame.loc[:59, "signal"] = "0.5"
    frame.loc[60:89, "noise"] = "9"
    frame.loc[7, "signal"] = "99999"
    found = {one["column"]: one["remarks"] for one in looked_at("binary", frame)["columns"]}
    kinds = {remark["kind"]: remark for remark in found["signal"]}
    assert kinds["heap"]["value"] == 0.5
    assert kinds["far"]["lines"] == [{"value": 99999.0, "source": "rows.csv:9"}]
    (cap,) = [remark for remark in found["noise"] if remark["kind"] == "cap"]
    assert (cap["end"], cap["value"]) == ("highest", 9.0)


def test_what_is_missing_together_and_says_the_same_is_named():
    frame = as_text(table("binary", 600, seed=1))
    frame.loc[:99, ["noise", "place"]] = ""
    frame["noise"] = frame["signal"].where(frame.index > 99, "")
    found = looked_at("binary", frame)
    assert {"columns": ["noise", "place"], "rows": 100} in found["missing"]
    assert {found["alike"][0]["a"], found["alike"][0]["b"]} == {"signal", "noise"}


def test_the_longest_time_without_a_row_is_named():
    frame = as_text(table("binary", 600, seed=1))
    keep = (frame["day"] < "2024-02-01") | (frame["day"] > "2024-02-20")
    found = looked_at("binary", frame[keep].reset_index(drop=True))["time"]
    assert found["gap_days"] == pytest.approx(21, abs=1)
    assert (found["gap_from"], found["gap_to"]) == ("2024-01-31", "2024-02-21")
