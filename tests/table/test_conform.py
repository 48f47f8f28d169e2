"""One path for every row: what training read, serving reads the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.table import conform as conforming
from lifecycle.table.conform import conform, reader_of
from lifecycle.table.contract import Contract, Field

FIELDS = [
    {"name": "x", "role": "feature", "type": "number", "missingValues": ["", "?", "-999"], "constraints": {"minimum": 0, "maximum": 9}},
    {"name": "price", "role": "feature", "type": "number", "missingValues": [""], "decimalChar": ",", "groupChar": "."},
    {"name": "n", "role": "feature", "type": "integer", "missingValues": [""]},
    {"name": "colour", "role": "feature", "type": "string", "missingValues": ["", "na"], "constraints": {"enum": ["Red", "blue"]}},
    {"name": "flag", "role": "feature", "type": "boolean", "missingValues": [""], "trueValues": ["yes"], "falseValues": ["no"]},
    {"name": "day", "role": "time", "type": "date", "missingValues": [""], "format": "%d/%m/%Y"},
    {"name": "note", "role": "feature", "type": "text", "missingValues": [""]},
    {"name": "junk", "role": "ignored", "type": "string", "missingValues": [""]},
    {"name": "good", "role": "target", "type": "string", "missingValues": [""], "constraints": {"enum": ["no", "yes"]}},
]  # fmt: skip
PROBLEM = {"target": "good", "task": "binary"}
CONTRACT = Contract.read({"problem": PROBLEM, "fields": FIELDS})
INPUTS = ("feature", "time")


def test_numbers_of_a_wide_table_are_those_of_its_columns_one_by_one(monkeypatch):
    names = [f"c{i}" for i in range(conforming.TOGETHER)]
    fields = [{"name": name, "role": "feature", "type": "number", "missingValues": ["", "-9"]} for name in names]
    cells = pd.Series([" 1.50", "-9", "", "1,234", "2e3", "see note", "-9.0", "inf", "+7", "1.234"] * 4, dtype="str")
    frame = pd.DataFrame({name: cells.shift(i % 10, fill_value="5") for i, name in enumerate(names)})
    one, other = (Contract.read({"problem": PROBLEM, "fields": fields}) for _ in range(2))
    together = conform(frame, one)
    monkeypatch.setattr(conforming, "SEVERAL", 10**6)
    apart = conform(frame, other)
    assert_alike(together, apart)


def assert_alike(one: conforming.Conformed, other: conforming.Conformed) -> None:
    pd.testing.assert_frame_equal(one.frame, other.frame)
    for found, known in zip(one.masks, other.masks, strict=True):
        assert found.keys() == known.keys() and all((found[c] == known[c]).all() for c in known)


def test_money_and_dates_of_a_wide_table_are_those_of_their_columns_one_by_one(monkeypatch):
    money = {"type": "number", "missingValues": ["", "$0"], "groupChar": ",", "bareNumber": False, "unit": "$"}
    day = {"type": "date", "missingValues": ["", "01/01/1900"], "format": "%d/%m/%Y"}
    written = {
        "m": (money, ["$1,234", "", "$0", "12 $", "see note", "7"]),
        "d": (day, ["03/04/2024", "31/02/2024", "", "01/01/1900", "5/6/24", "2024-05-06"]),
    }
    fields, columns = [], {}
    for kind, (field, cells) in written.items():
        for i in range(conforming.SEVERAL + 1):
            fields.append({"name": f"{kind}{i}", "role": "feature"} | field)
            columns[f"{kind}{i}"] = pd.Series((cells[i % 6 :] + cells[: i % 6]) * 12, dtype="str")
    frame = pd.DataFrame(columns)
    one, other = (Contract.read({"problem": PROBLEM, "fields": fields}) for _ in range(2))
    together = conform(frame, one)
    monkeypatch.setattr(conforming, "SEVERAL", 10**6)
    assert_alike(together, conform(frame, other))


def test_a_column_is_taken_from_an_earlier_look_only_where_it_is_read_as_it_was():
    earlier = [
        {"name": "x", "role": "feature", "type": "number", "missingValues": [""]},
        {"name": "n", "role": "feature", "type": "number", "missingValues": [""]},
    ]
    later = [earlier[0] | {"reason": "other words"}, earlier[1] | {"missingValues": ["", "-9"]}]
    frame = pd.DataFrame({"x": ["1.5", "-9"] * 30, "n": ["2", "-9"] * 30}, dtype="str")
    before = conform(frame, Contract.read({"problem": PROBLEM, "fields": earlier}))
    frame["x"] = "7"  # seen only if it is read again
    found = conform(frame, Contract.read({"problem": PROBLEM, "fields": later}), before=before).frame
    assert found["x"].tolist()[:2] == [1.5, -9] and found["n"].isna().tolist()[:2] == [False, True]


def typed(*rows: dict, roles=INPUTS) -> pd.DataFrame:
    return conform(pd.DataFrame(list(rows)), CONTRACT, roles).frame


def test_a_json_row_with_nulls_is_the_same_alone_and_in_a_large_frame():
    """pd.DataFrame([row]) makes an object column of None: a category that was missing in training, and unlike it."""
    row = {"x": 1.5, "price": None, "n": 3, "colour": None, "flag": None, "day": "03/04/2024", "note": None}
    others = [{"x": 2, "price": 1.0, "n": 4, "colour": "blue", "flag": True, "day": None, "note": "hm"}] * 50
    alone, among = typed(row), typed(*others, row, *others).iloc[[50]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)
    assert alone["colour"].isna().all() and alone["colour"].dtype == among["colour"].dtype == "str"


def test_a_json_row_is_the_row_of_a_table():
    table = {
        "x": "1.50",
        "price": "1.234,5",
        "n": "3.0",
        "colour": " RED",
        "flag": "Yes",
        "day": "03/04/2024",
        "note": "hm",
    }
    json = {"x": 1.5, "price": 1234.5, "n": 3, "colour": "Red", "flag": True, "day": "2024-04-03", "note": "hm"}
    pd.testing.assert_frame_equal(typed(table), typed(json))


@settings(max_examples=60, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_json_float_equals_the_text_of_it(value):
    as_json, as_text = (
        typed({"x": value, "price": value}),
        typed({"x": repr(value), "price": repr(value).replace(".", ",")}),
    )
    pd.testing.assert_frame_equal(as_json, as_text)
    assert value == -999 or as_json["x"][0] == value


def test_a_corrupt_cell_is_missing_and_counted_and_its_row_stays():
    done = conform(pd.DataFrame({"x": ["1", "oops", "inf", "?", "1\0"], "n": list("12345")}), CONTRACT, INPUTS)
    assert len(done.frame) == 5 and done.frame["x"].notna().tolist() == [True] + [False] * 4
    assert done.corrupt["x"].tolist() == [False, True, True, False, True]
    assert done.missing["x"].tolist() == [False, False, False, True, False] and "n" not in done.corrupt


def test_a_code_for_missing_is_missing_however_it_is_written():
    assert typed({"x": "-999.0"}, {"x": -999})["x"].isna().all()


def test_an_unseen_category_and_a_number_out_of_range_are_told():
    done = conform(pd.DataFrame({"colour": ["green", "BLUE"], "x": ["12", "5"]}), CONTRACT, INPUTS)
    assert done.unseen["colour"].tolist() == [True, False] and done.out_of_range["x"].tolist() == [True, False]
    assert done.frame["colour"].tolist() == ["green", "blue"] and done.frame["x"].tolist() == [12, 5]


def test_a_column_that_is_lacking_is_all_missing_and_one_too_many_is_left_out():
    frame = typed({"x": 1, "surplus": 2})
    assert list(frame) == ["x", "price", "n", "colour", "flag", "day", "note"] and frame["colour"].isna().all()


def test_types_are_the_contracts_whatever_the_cells():
    for rows in ([{}], [{"x": None}], [{"x": "a", "flag": 5, "day": 7, "note": [1], "colour": {}}]):
        kinds = typed(*rows).dtypes.map(str).to_dict()
        assert kinds == {"x": "float64", "price": "float64", "n": "float64", "colour": "str", "flag": "float64", "day": "datetime64[us]", "note": "str"}  # fmt: skip


def test_moments_with_a_zone_are_one_moment():
    spec = {"name": "t", "role": "time", "type": "datetime", "missingValues": [""], "format": "ISO8601"}
    contract = Contract.read({"problem": PROBLEM, "fields": [spec]})
    when = pd.Timestamp("2024-03-31 12:00", tz="Europe/Berlin")
    cells = [pd.DataFrame({"t": [v]}) for v in (when, "2024-03-31T12:00:00+02:00", "2024-03-31T10:00:00Z")]
    assert len({conform(c, contract).frame["t"][0] for c in cells}) == 1


@pytest.mark.parametrize("label", ["yes", " Yes", "YES.", "yes "])
def test_a_label_is_spelled_as_in_the_contract(label):
    assert typed({"good": label}, roles=("target",))["good"].tolist() == ["yes"]


def test_numbers_are_exact():
    values = np.random.default_rng(0).normal(size=500)
    assert (typed(*({"x": repr(float(v))} for v in values))["x"].to_numpy() == values).all()


def test_jsons_true_is_understood_beside_a_tables_yes():
    assert typed({"flag": "Yes"}, {"flag": True}, {"flag": "false"}, {"flag": "1"})["flag"].tolist() == [1, 1, 0, 1]


LONG = [
    "a b",
    " a",
    "a ",
    "a  b",
    '"q"',
    "'q'",
    "3.0",
    "-3.0",
    "é",
    "x\u00a0y",
    "",
    "NA",
    " na",
    "a\0b",
    "x\ufffd",
    "p.m.",
    "Red",
    " RED",
    "a\tb",
    "3.5",
]


@pytest.mark.parametrize("name", ["label", "colour", "note", "x", "price", "day"])
def test_a_whole_column_is_read_as_each_of_its_cells_is(name):
    """Kernels read whole columns, the field's reader one cell: both say the same."""
    label = {"name": "label", "role": "feature", "type": "string", "missingValues": ["", "na"]}
    spec = Field.read(next(f for f in [label, *FIELDS] if f["name"] == name))
    texts = (
        LONG
        + ["1.5", "12", "-999", "?", "1.234,5", "1,5", "03/04/2024", "2024-04-03", "31/02/2024"]
        + [f"level {i}" for i in range(250)]
    )
    reader = reader_of(spec, "binary")
    column = reader.column(pd.Series(texts, dtype="str"))
    for i, text in enumerate(texts):
        value, flag = reader.cell(text)
        assert column.typed[i] == value or (pd.isna(column.typed[i]) and pd.isna(value)), repr(text)
        assert column.missing[i] == (flag == "missing") and column.corrupt[i] == (flag == "corrupt"), repr(text)


def test_without_arrow_the_same_is_read(monkeypatch):
    """A service's environment has none."""
    rows = [
        {
            "x": f"{i % 9}.5",
            "price": "1.234,5",
            "n": str(i),
            "colour": " RED",
            "flag": "Yes",
            "day": "03/04/2024",
            "note": f"no {i}",
        }
        for i in range(300)
    ]
    with_arrow = typed(*rows)
    monkeypatch.setattr("lifecycle.table.cells.has_arrow", lambda: False)
    monkeypatch.setattr("lifecycle.table.cells.matches", None)
    pd.testing.assert_frame_equal(typed(*rows), with_arrow)
