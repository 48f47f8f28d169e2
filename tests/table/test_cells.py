"""What a cell's text means."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table import cells


def texts(*values: str) -> pd.Series:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,5", 1.5), (" 7 ", 7), ("1 234,5", 1234.5), ("1'234.5", 1234.5), ("(12)", -12), ("−3", -3), (".5", 0.5)],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(text, value):
    assert cells.number(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1_000", "12 apples", "1.2.3", "5-10", "0x10"])
def test_what_is_no_number_is_none(text):
    assert np.isnan(cells.number(text))


def test_a_mark_of_thousands_parts_three_digits():
    assert [cells.number(t, ",") for t in ("1,234,567", "12,345.6", "1,5")] == [1234567, 12345.6, 1.5]
    assert [cells.number(t, ".") for t in ("1.234,5", "12.5")] == [1234.5, 12.5]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("$1,200", 1200, "$"), ("Rs. 500", 500, "Rs."), ("8 GB", 8, "GB"), ("18.9 kmpl", 18.9, "kmpl"), ("12.5 %", 12.5, "%"), ("-$5", -5, "$"),
     ("($5)", -5, "$"), ("36 months", 36, "month"), ("1 month", 1, "month"), ("5 sq ft", 5, "sq ft")],
)  # fmt: skip
def test_a_unit_is_dropped_and_the_sign_kept(text, value, unit):
    assert cells.number(text, ",", bare=False) == value and cells.unit(text) == unit


@pytest.mark.parametrize("name", ["oven 4", "B-0017", "85 Turner St", "PC 17599", "190Nm@ 2000rpm", "C85", "none"])
def test_a_name_with_a_number_in_it_has_no_unit(name):
    assert cells.unit(name) is None


def test_another_unit_is_not_the_same_number():
    read = cells.numbers(texts("8 GB", "8", "512 MB"), bare=False, of="GB")
    assert read[:2].tolist() == [8, 8] and np.isnan(read[2])


def test_spellings_of_one_label_have_one_level():
    assert len({cells.level(v) for v in ("Yes", " yes", "YES.", 'yes"', "'Yes'")}) == 1
    assert cells.level("<=50K.") == cells.level("<=50K")
    assert cells.level("1.0") == cells.level("1") != cells.level("10")
    assert cells.level("e") != cells.level("E")  # codes of one letter
    assert cells.level("Y") == cells.level("y")


def test_missing_is_compared_without_case_and_blanks():
    assert cells.is_token(texts(" ?", "N/A", "na", "nation", "not  known"), {"?", "n/a", "na", "not known"}).tolist() == [
        True, True, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "form"),
    [("2024-03-31", "ISO8601"), ("2024-03-31T10:00:00Z", "ISO8601"), ("2024-03-31 10:00:00.5", "ISO8601"), ("31/03/2024", "%d/%m/%Y"),
     ("03/31/2024", "%m/%d/%Y"), ("31.03.2024", "%d.%m.%Y"), ("3/31/2024 10:05", "%m/%d/%Y %H:%M"), ("31-Mar-24", "%d-%b-%y"),
     ("Mar 31, 2024", "%b %d, %Y"), ("2024/03/31", "ISO8601"), ("31/03/2024 10:05 PM", "%d/%m/%Y %I:%M %p")],
)  # fmt: skip
def test_a_date_is_read_in_each_usual_format(text, form):
    found = cells.date_format([text] * 3, 0.95, day_first=False)
    assert found is not None
    assert cells.dates(texts(text), found)[0].astype("datetime64[D]") == np.datetime64("2024-03-31"), found
    assert cells.dates(texts(text), form)[0].astype("datetime64[D]") == np.datetime64("2024-03-31")


def test_what_looks_like_a_date_and_is_none_is_no_date():
    assert cells.date_format(["1.2.3", "2.10.4"], 0.95, True) is None
    assert np.isnat(cells.dates(texts("2024-02-31", "12", ""), "ISO8601")).all()


def test_jsons_true_is_understood_beside_a_tables_yes():
    assert cells.booleans(texts("Yes", "no", "True", "false", "maybe"), ["yes"], ["no"])[:4].tolist() == [1, 0, 1, 0]
