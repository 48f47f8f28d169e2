"""One reader of numbers: what a cell is worth, and how a column is found to write its numbers."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table import notation
from lifecycle.table.contract import Contract
from lifecycle.table.notation import Notation, number, numbers, read
from tests.table.columns import N, made, spread

# ---- one cell ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,5", 1.5), (" 7 ", 7), ("1 234,5", 1234.5), ("1'234.5", 1234.5), ("(12)", -12), ("−3", -3), (".5", 0.5),
     ("1\u202f234\u202f567", 1234567), ("1’234’567", 1234567), ("1,234.5", 1234.5), ("5½", 5.5), ("5 1/2", 5.5), ("1e-7", 1e-7)],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1_000", "12 apples", "1.2.3", "5-10", "0x10", "10.0.0.1", "+49 170 1234567", "(555) 123-4567", "978-3-16-148410-0",
     "3:2", "<5", "5+", "12.50-", "1.234,5"],
)  # fmt: skip
def test_what_a_column_was_not_seen_to_write_is_no_number(text):
    assert np.isnan(number(text))


def test_three_digits_behind_a_lone_mark_are_doubtful_where_the_column_had_no_thousands():
    assert np.isnan(number("1,234")) and number("0,234") == 0.234 and number("1234,567") == 1234.567
    assert read("1,234", Notation(group=",")) == 1234
    assert read("1,234", Notation(decimal=",")) == 1.234
    assert np.isnan(read("1.234", Notation(decimal=",")))
    assert read("1.234", Notation(decimal=",", group=".")) == 1234


def test_a_mark_of_thousands_parts_three_digits_or_as_in_india():
    assert [read(t, Notation(group=",")) for t in ("1,234,567", "12,345.6", "1,5", "5,30,000")] == [
        1234567,
        12345.6,
        1.5,
        530000,
    ]
    assert [read(t, Notation(",", ".")) for t in ("1.234,5", "12.5", "-1,5")] == [1234.5, 12.5, -1.5]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("$1,200", 1200, "$"), ("Rs. 500", 500, "Rs"), ("8 GB", 8, "GB"), ("18.9 kmpl", 18.9, "kmpl"), ("12.5 %", 12.5, "%"), ("-$5", -5, "$"),
     ("($5)", -5, "$"), ("36 months", 36, "month"), ("1 month", 1, "month"), ("5 sq ft", 5, "sq ft"), ("5", 5, "$")],
)  # fmt: skip
def test_a_unit_is_dropped_and_the_sign_kept(text, value, unit):
    assert read(text, Notation(group=",", bare=False, unit=unit)) == value


def test_another_unit_is_not_the_same_number():
    found = numbers(pd.Series(["8 GB", "8", "512 MB"], dtype="str"), Notation(bare=False, unit="GB"))
    assert found[:2].tolist() == [8, 8] and np.isnan(found[2])


def test_where_units_differ_a_bare_number_could_be_any_of_them():
    n = Notation(bare=False, unit="km", units={"km": 1.0, "mi": 1.609344})
    assert read("2 mi", n) == 3.218688 and np.isnan(read("2", n)) and read("0", n) == 0


def test_a_number_that_is_written_is_read_back():
    for n in (
        Notation(),
        Notation(","),
        Notation(",", "."),
        Notation(bare=False, unit="km", units={"km": 1.0, "mi": 1.6}),
    ):
        for value in (0.0, 12.0, 1.234, -1234.5, 1e-7, 123456.789):
            assert read(notation.write(value, n), n) == value


ODD = ["1.5", " 2 ", "+3", "-4", ".5", "6.", "1e3", "1,5", "1,234", "1.234", "12.345,6", "12,345.6", "", "abc", "inf", "nan", "0x1", "７", "1 234",
       "$5", "$ 5", "-$5", "$-5", "5$", "5 $", "$1,234.50", "$ 1,234", "$1,23", "5 kg", "5kg", "5 KG", "1.234 kg", "3 g", "kg", "5 kg.", "(5)", "1,234,567",
       "5,30,000", "1.234.567", "0,123", "1234,567", "1234.567", "--5", "5-", "5%", "1_000", "\t7", "12 345,5"]  # fmt: skip
NOTATIONS = [
    Notation(), Notation(group=","), Notation(","), Notation(",", "."), Notation(bare=False, unit="$", group=","), Notation(bare=False, unit="kg"),
    Notation(",", ".", bare=False, unit="kg"), Notation(bare=False, units={"kg": 1.0, "g": 0.001}, unit="kg"), Notation(bare=False, units={"": 1.0, "$": 1.0, "k": 1e3}),
    Notation(bare=False), Notation(words={"abc": 0.0}), Notation(forms=frozenset(notation.FORMS)),
]  # fmt: skip


@pytest.mark.parametrize("n", NOTATIONS, ids=range(len(NOTATIONS)))
def test_a_whole_column_is_read_as_each_of_its_cells_is(n):
    for texts in ([t] * notation.KERNEL_FROM + ODD for t in ("1.5", "$1,234.50", "5 kg", "")):
        column = pd.Series(texts, dtype="str")
        found = numbers(column, n)
        expected = np.array([read(t, n) for t in texts])
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        assert same.all(), (np.array(texts)[~same], found[~same], expected[~same])


# ---- how a column writes its numbers ----------------------------------------------------------------------


def values(*texts, delimiter=";", column="c"):
    """The numbers that a column of these texts holds, among others of the same kind."""
    return made(delimiter, **{column: texts}).values(column)


COLUMNS = {
    "multipliers": (["2,5 Mio. €", "312 Tsd. €", "1,25 Mio. €", "40 Tsd. €"], [2.5e6, 312e3, 1.25e6, 40e3], ";"),
    "k and M": (["3.4K", "1.2M", "980", "77K"], [3400, 1.2e6, 980, 77e3], ","),
    "lakh and crore": (["45 Lakh", "1.2 Cr", "80 Lakh", "3 Cr"], [4.5e6, 1.2e7, 8e6, 3e7], ","),
    "man and oku": (["120万円", "3億円", "75万円", "2億円"], [1.2e6, 3e8, 7.5e5, 2e8], ","),
    "money and cents": (["€3.50", "80 ct", "€1.25", "95 ct"], [3.5, 0.8, 1.25, 0.95], ","),
    "money or nothing": (["12,90 €", "gratis", "7,50 €", "gratis"], [12.9, 0, 7.5, 0], ";"),
    "unit behind, or bare": (["12 kg", "15", "9 kg", "0"], [12, 15, 9, 0], ","),
    "pounds and kilos": (["70 kg", "154 lbs", "82 kg", "65 kg"], [70, 154 * 0.45359237, 82, 65], ","),
    "degrees": (["20 °C", "68 °F", "25 °C", "11 °C"], [20, 20, 25, 11], ","),
    "bookkeeping": (["310.20 Cr", "45.00 Dr", "12.75 Cr", "8.10 Dr"], [310.2, -45, 12.75, -8.1], ","),
    "minus behind": (["310,20-", "45,15", "12,75", "8,10-"], [-310.2, 45.15, 12.75, -8.1], ";"),
    "degrees of latitude": (["48.85 N", "33.92 S", "51.51 N", "34.6 S"], [48.85, -33.92, 51.51, -34.6], ","),
    "feet and inches": (["5ft 11in", "6ft 0in", "5ft 4in", "6ft 2in"], [71, 72, 64, 74], ","),
    "primes": (["5′11″", "6′0″", "5′4″", "6′2″"], [71, 72, 64, 74], ","),
    "hours and minutes": (["1 Std. 20 Min.", "45 Min.", "2 Std. 5 Min.", "50 Min."], [80, 45, 125, 50], ";"),
    "clock of a run": (["1:05:30", "0:58:12", "2:10:45", "1:20:00"], [65.5, 58.2, 130.75, 80], ","),
    "lap": (["1:44.5", "2:10.25", "1:59.0", "2:01.75"], [104.5 / 60, 130.25 / 60, 119 / 60, 121.75 / 60], ","),
    "long iso spans": (["P1W", "P2DT12H", "P3W", "P1DT30M"], [10080, 3600, 30240, 1470], ","),
    "raised powers": (["1.5×10³", "2 x 10⁻²", "7.5×10⁰", "3·10¹"], [1500, 0.02, 7.5, 30], ","),
    "double precision of Fortran": (["1.25D+02", "-0.5D-01", "3.000D+00", "7.75D+01"], [125, -0.05, 3, 77.5], ","),
    "octets": (["512 Mo", "2 Go", "256 Mo", "300 Mo"], [512, 2048, 256, 300], ";"),
    "bytes in Cyrillic": (["512 МБ", "2 ГБ", "256 МБ", "300 МБ"], [512, 2048, 256, 300], ";"),
    "hertz": (["900 kHz", "2.5 MHz", "40 kHz", "7 kHz"], [900, 2500, 40, 7], ","),
    "volts": (["1.5 V", "250 mV", "3 V", "9 V"], [1.5, 0.25, 3, 9], ","),
    "farads": (["100 nF", "2 µF", "470 nF", "10 nF"], [100, 2000, 470, 10], ","),
    "doses": (["5 mg", "250 µg", "125 mcg", "7 mg"], [5, 0.25, 0.125, 7], ","),
    "concentrations": (["5 mg/dL", "700 µg/dL", "9 mg/dL", "2 mg/dL"], [5, 0.7, 9, 2], ","),
    "iso spans": (["PT1H20M", "PT45M", "PT2H5M", "PT50M"], [80, 45, 125, 50], ","),
    "apostrophes": (["CHF 1’250.50", "CHF 12’000.00", "CHF 990.25", "CHF 4’100.75"], [1250.5, 12000, 990.25, 4100.75], ";"),
    "thin spaces": (["12\u202f400", "3\u2009150", "870", "1\u202f024"], [12400, 3150, 870, 1024], ";"),
    "approximate": (["ca. 40", "55", "~60", "71"], [40, 55, 60, 71], ","),
    "per": (["7,5 l/100km", "6,1 l/100km", "9,9 l/100km", "5,0 l/100km"], [7.5, 6.1, 9.9, 5], ";"),
    "flags of a statistical office": (["310.5 p", "298.1", "305.7 e", "299.9", "301.2", "288.4", "290.6", "295.5"], [310.5, 298.1, 305.7, 299.9], ","),
}  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_columns_notation_is_understood(kind):
    texts, expected, delimiter = COLUMNS[kind]
    table = made(delimiter, c=texts * (N // len(texts)))
    found = table.values("c")[: len(expected)]
    assert table.type("c") in ("number", "integer") and found == pytest.approx(expected, rel=1e-12), table.field("c")


def test_what_stands_in_the_contract_alone_reads_the_column_again():
    """The notation is written, not found again: one cell by itself is read as it was among all."""
    from lifecycle.table.conform import conform

    texts = ["70 kg", "154 lbs", "82 kg", "65 kg"]
    table = made(c=texts * 30)
    alone = [
        conform(pd.DataFrame({"c": [t]}), Contract.read(table.contract), ("feature",)).frame["c"][0] for t in texts
    ]
    assert alone == table.values("c")[:4]


def test_a_number_in_json_is_in_the_unit_of_the_contract():
    from lifecycle.table.conform import conform

    table = made(c=["70 kg", "154 lbs", "82 kg", "65 kg"] * 30)
    assert conform(pd.DataFrame({"c": [70.5]}), Contract.read(table.contract), ("feature",)).frame["c"][0] == 70.5


def test_a_range_is_its_middle_and_that_is_said():
    low = spread(30, 90)
    cells = [f"{a}.000 - {a + w}.000 €" for a, w in zip(low, spread(4, 30, seed=3), strict=True)]
    table = made(";", gehalt=cells)
    assert table.values("gehalt")[0] == (low[0] + spread(4, 30, seed=3)[0] / 2) * 1000
    assert "middle" in table.said("gehalt")


def test_a_censored_cell_is_its_bound_and_that_is_said():
    table = made(
        crp=["<0.5" if i % 9 == 0 else ">200" if i % 25 == 0 else f"{v / 10}" for i, v in enumerate(spread(6, 1900))]
    )
    assert table.values("crp")[0] == 0.5 and 200 in table.values("crp") and None not in table.values("crp")
    assert "bound" in table.said("crp") and table.field("crp")["notation"]["forms"] == ["bound"]


@pytest.mark.parametrize("mark", ["*", "†", "[3]", " (b)", "²", " (12)"])
def test_the_mark_of_a_footnote_is_dropped_and_that_is_said(mark):
    table = made(births=[f"{v:,}{mark if i % 6 == 0 else ''}" for i, v in enumerate(spread(1100, 9900))])
    assert table.values("births")[:2] == spread(1100, 9900)[:2] and "footnote" in table.said("births")


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("phone", [f"+49 {a} {b}" for a, b in zip(spread(150, 179), spread(10**6, 9 * 10**6), strict=True)]),
        ("local phone", [f"{a}-{b}" for a, b in zip(spread(200, 999), spread(1000, 9999, seed=2), strict=True)]),
        (
            "isbn",
            [f"978-{a % 10}-16-{b}-{a % 7}" for a, b in zip(spread(0, 99), spread(10**5, 10**6 - 1), strict=True)],
        ),
        (
            "version",
            [
                f"{a}.{b}.{c}"
                for a, b, c in zip(spread(1, 4), spread(0, 12, seed=2), spread(0, 40, seed=3), strict=True)
            ],
        ),
        (
            "address of a machine",
            [f"10.{a}.{b}.7" for a, b in zip(spread(0, 255), spread(0, 255, seed=2), strict=True)],
        ),
        ("odds", [f"{a}:{b}" for a, b in zip(spread(1, 9), spread(1, 9, seed=2), strict=True)]),
        ("score", [f"{a}-{b}" for a, b in zip(spread(0, 6), spread(0, 6, seed=2), strict=True)]),
        ("band", [("18-24", "25-34", "35-49", "50+")[a] for a in spread(0, 3)]),
        ("open end", [("0", "1", "2", "3+")[a] for a in spread(0, 3)]),
        ("school grade", [("1", "1-", "2+", "2", "2-", "3+")[a] for a in spread(0, 5)]),
        ("seat", [f"{a}{'ABCDEF'[b]}" for a, b in zip(spread(1, 40), spread(0, 5, seed=2), strict=True)]),
        ("padded code", [f"{a:05d}" for a in spread(1, 90000)]),
        ("blood pressure", [f"{a}/{b}" for a, b in zip(spread(100, 180), spread(60, 110, seed=2), strict=True)]),
        ("long post code", [f"{a}-{b}" for a, b in zip(spread(10000, 99999), spread(1000, 9999, seed=2), strict=True)]),
        ("bounds as levels", [("<30", ">30", "45")[a] for a in spread(0, 2)]),
        ("season", [("2018/19", "2019/20", "2020/21")[a] for a in spread(0, 2)]),
        ("address", [f"{a} {('Main', 'Oak')[b]} St" for a, b in zip(spread(1, 99), spread(0, 1, seed=2), strict=True)]),
        (
            "hardware address",
            [f"{a:02x}:{b:02x}:0a:3c:11:fe" for a, b in zip(spread(0, 255), spread(0, 255, seed=2), strict=True)],
        ),
        ("two currencies", [f"{'$€'[i % 2]}{v}" for i, v in enumerate(spread(1, 99))]),
        ("clothes", [("36", "38", "40", "42", "XL")[a] for a in spread(0, 4)]),
    ],
)
def test_what_only_looks_like_a_number_is_none(kind, cells):
    table = made(c=cells)
    assert table.type("c") in ("string", "text"), table.field("c")


# ---- what the user says -----------------------------------------------------------------------------------


def test_a_type_that_params_name_is_always_possible():
    bands = made(c=[("18-24", "25-34", "35-49", "50+")[a] for a in spread(0, 3)], columns={"c": {"type": "number"}})
    assert set(bands.values("c")) == {21, 29.5, 42, 50}
    codes = made(c=[f"{a:05d}" for a in spread(1, 90000)], columns={"c": {"type": "integer"}})
    assert codes.values("c")[:2] == spread(1, 90000)[:2]


def test_cells_that_are_not_of_the_type_are_counted_and_shown():
    table = made(
        c=["abc" if i % 3 == 0 else v for i, v in enumerate(spread(1, 500))], columns={"c": {"type": "number"}}
    )
    assert table.values("c")[0] is None and "40 of its cells" in table.said("c") and "'abc'" in table.said("c")


def test_the_users_marks_are_used_for_the_bounds_as_well():
    table = made(c=[f"{v}.125" for v in spread(1, 9)], columns={"c": {"decimalChar": ",", "groupChar": "."}})
    assert table.field("c")["constraints"]["minimum"] == 1125


# ---- what is not understood -------------------------------------------------------------------------------


def test_a_column_that_looks_like_numbers_and_is_taken_for_texts_says_so_with_the_cure():
    said = made(kids=[("0", "1", "2", "3+")[a] for a in spread(0, 3)]).said("kids")
    assert "look like numbers" in said and "columns: {kids: {type: number}}" in said
    said = made(plz=[f"{v:05d}" for v in spread(1000, 99000)]).said("plz")
    assert "codes, by its name" in said and "columns: {plz: {type: number}}" in said


def test_a_word_that_many_rows_share_is_a_level_and_not_corruption():
    table = made(
        c=[("1", "2", "3", "other")[a] for a in spread(0, 3)], flag=["TRUE" if i % 25 == 0 else "-1" for i in range(N)]
    )
    assert set(table.values("c")) == {"1", "2", "3", "other"}
    assert set(table.values("flag")) == {"TRUE", "-1"}


def test_numbers_that_could_be_moments_are_named():
    said = made(c=spread(1_600_000_000, 1_700_000_000)).said("c")
    assert "epoch_s" in said and "type: datetime" in said


# ---- more of the same kinds -------------------------------------------------------------------------------

MORE = {
    "nothing behind the comma": (["55,- €", "12,– €", "7,50 €", "31,- €"], [55, 12, 7.5, 31], ";"),
    "powers": (["3.1x10^4", "2×10^3", "9.5x10^2", "1.1x10^5"], [31000, 2000, 950, 110000], ","),
    "margins": (["34 ± 2", "41 ± 3", "29.5 ± 1.5", "30 +/- 2"], [34, 41, 29.5, 30], ","),
    "quoted": (['"6"', '"12"', '"7.5"', '"9"'], [6, 12, 7.5, 9], ","),
    "years and months": (["5y 10m", "3y 6m", "2y 4m", "9y 0m"], [70, 42, 28, 108], ","),
    "minutes and seconds": (["8m44s", "6m5s", "12m0s", "9m59s"], [524, 365, 720, 599], ","),
    "out of": (["4.1/5", "3.8/5", "4.9/5", "2.5/5"], [4.1, 3.8, 4.9, 2.5], ","),
    "at least": (["5,000+", "10,000+", "100,000+", "1,000+"], [5000, 10000, 100000, 1000], ","),
    "from": (["ab 120 €", "ab 95 €", "ab 240 €", "ab 80 €"], [120, 95, 240, 80], ";"),
    "cups": (["1/2 cup", "1 1/2 cups", "3/4 cup", "2 cups"], [0.5, 1.5, 0.75, 2], ","),
    "inches": (['5/8"', '1 1/4"', '2"', '1/2"'], [0.625, 1.25, 2, 0.5], ","),
    "Haben and Soll": (["120,50 H", "33,00 S", "7,25 S", "1,00 H"], [120.5, -33, -7.25, 1], ";"),
    "acres and feet": (["2 acres", "1500 sqft", "2200 sqft", "900 sqft"], [87120, 1500, 2200, 900], ","),
    "digits of other scripts": (["٥٦", "٩٦٢", "١٢", "٧"], [56, 962, 12, 7], ","),
}  # fmt: skip


@pytest.mark.parametrize("kind", MORE)
def test_further_notations_are_understood(kind):
    texts, expected, delimiter = MORE[kind]
    table = made(delimiter, c=texts * (N // len(texts)))
    assert table.type("c") in ("number", "integer"), table.field("c")
    assert table.values("c")[: len(expected)] == pytest.approx(expected, rel=1e-12)


def test_a_range_with_a_unit_needs_no_relation_of_its_ends():
    cells = [f"€{a}K–€{b}K" for a, b in zip(spread(20, 40), spread(41, 90, seed=2), strict=True)]
    assert made(c=cells).values("c")[0] == (spread(20, 40)[0] + spread(41, 90, seed=2)[0]) * 500


def test_the_number_in_brackets_behind_each_cell_is_no_footnote():
    cells = [f"{a} ({b})" for a, b in zip(spread(10, 90), spread(1, 30, seed=2), strict=True)]
    table = made(c=cells)
    assert table.type("c") in ("string", "text") and "numbers among other text" in table.said("c")


@pytest.mark.parametrize("cells", [[f"{a}/{b}" for a, b in zip(spread(100, 180), spread(60, 110, seed=2), strict=True)],
                                   [f"{a}Nm@ {b}rpm" for a, b in zip(spread(100, 300), spread(1500, 4000, seed=2), strict=True)]])  # fmt: skip
def test_two_numbers_in_a_cell_are_not_dropped_without_a_word(cells):
    said = made(c=cells).said("c")
    assert "numbers among other text" in said and "columns: {c: {role: id}}" in said and cells[0] in said


def test_a_latitude_is_a_number_with_its_half_of_the_globe_as_sign():
    cells = [f"{v / 10}° {'S' if i % 3 else 'N'}" for i, v in enumerate(spread(1, 899))]
    assert made(c=cells).values("c") == [(-v if i % 3 else v) / 10 for i, v in enumerate(spread(1, 899))]


def test_shares_beside_percents_are_brought_to_percent_and_that_is_said():
    table = made(c=[f"{v}%" if i % 2 else f"{v / 100}" for i, v in enumerate(spread(1, 99))])
    assert table.values("c") == [pytest.approx(v) for v in spread(1, 99)] and "0.45 as 45" in table.said("c")
    plain = made(c=[f"{v}%" if i % 2 else f"{v}" for i, v in enumerate(spread(1, 99))])
    assert plain.values("c") == spread(1, 99) and not plain.said("c")


def test_millions_and_thousands_of_reais_are_money_and_miles_are_not():
    money = made(c=[f"R$ {v} mi" if i % 2 else f"R$ {v} mil" for i, v in enumerate(spread(2, 900))])
    assert money.values("c")[:2] == [spread(2, 900)[0] * 1e3, spread(2, 900)[1] * 1e6]
    assert made(c=[f"{v} mi" for v in spread(1, 99)]).values("c") == spread(1, 99)


@pytest.mark.parametrize(
    ("cells", "worth"),
    [
        ([f"Rs. {v},005/-" for v in spread(1, 99)], [v * 1000 + 5 for v in spread(1, 99)]),
        ([f"{v}:-" for v in spread(1, 999)], spread(1, 999)),
        ([f"from ${v}" if i % 5 == 0 else f"${v}" for i, v in enumerate(spread(1, 999))], spread(1, 999)),
        ([f"{v / 10} out of 5 stars" for v in spread(1, 50)], [v / 10 for v in spread(1, 50)]),
    ],
    ids=["rupees", "kronor", "from", "stars"],
)
def test_what_shops_write_around_a_price_or_a_rating_is_dropped(cells, worth):
    assert made(c=cells).values("c") == worth


@pytest.mark.parametrize("pairs", [("2/2", "1/2", "1/1"), ("4/4", "3/4", "2/3"), ("½", "1/2", "3/4")], ids=str)
def test_fractions_with_other_bottoms_are_not_points_out_of_one(pairs):
    """Genes, and eighths of an inch: 1/1 and 2/2 are two things, 1/2 is no 1."""
    a, b, c = pairs
    table = made(c=[c if i % 40 == 0 else (a, b)[i % 3 > 1] for i in range(N)])
    assert table.type("c") == "string" and set(table.values("c")) == set(pairs)


def test_an_amount_behind_a_mark_that_says_its_sign_is_named_where_it_is_not_read():
    """▲ is more in one country and less in another."""
    assert "hold numbers among other text" in made(c=[f"{'▲▼'[i % 2]} {v}" for i, v in enumerate(spread(1, 999))]).said(
        "c"
    )


def test_a_letter_behind_some_numbers_is_no_half_of_the_earth():
    """16S is a size, a seat, a line of a bus."""
    table = made(c=[f"{v}{'S' if i % 3 == 0 else ''}" for i, v in enumerate(spread(8, 20))])
    assert "are its sign" not in table.said("c") and min(v for v in table.values("c") if v is not None) > 0


@pytest.mark.parametrize(
    "cells", [["5/6 A", "1/3 A", "8/4 A"], ["2/2 WT", "1/2 WT", "1/1 WT"], ["3/12 nodes", "1/15 nodes"]]
)
def test_houses_genes_and_counts_out_of_a_number_are_no_fractions_of_a_unit(cells):
    assert made(c=cells * 10).type("c") == "string"


@pytest.mark.parametrize("letter", ["S", "T", "H"])
def test_stations_with_numbers_are_no_halves_of_a_year(letter):
    assert "periods of time" not in made(c=[f"{letter}{v}" for v in spread(1, 5)]).said("c")


ORDERS = {
    "Roman numerals": ["I", "II", "III", "IV", "IX", "XII"],
    "periods of time": ["Q1/21", "Q2/21", "Q4/22", "Q3/22", "Q3/21"],
    "years, each with the next one": ["2003/04", "2004/05", "2008/09", "1999/00"],
}


@pytest.mark.parametrize("what", ORDERS)
def test_an_order_that_is_taken_for_levels_is_said(what):
    table = made(c=[ORDERS[what][a] for a in spread(0, len(ORDERS[what]) - 1)])
    assert table.type("c") == "string"
    assert any(what in note and "order is not read" in note for note in table.notes)


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        ([f"{a}{'th' if 4 <= a <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(a % 10, 'th')}" for a in spread(1, 39)], ""),
        (["1er" if a == 1 else f"{a}e" for a in spread(1, 39)], ""),
        ([f"{a}th floor" for a in spread(4, 19)], "floor"),
        ([f"{a} of 20" for a in spread(1, 20)], "/20"),
        ([f"{a} von 20" for a in spread(1, 20)], "/20"),
        ([f"{a}-star" for a in spread(1, 5)], "-star"),
        ([f"{a / 10}★" for a in spread(10, 50)], "★"),
        ([f"{a / 10}k reviews" if a % 2 else f"{a} reviews" for a in spread(11, 99)], "review"),
        ([f"{a} Tsd. Besucher" if a % 2 else f"{a} Besucher" for a in spread(11, 99)], "Besucher"),
    ],
)  # fmt: skip
def test_what_is_counted_is_a_number(cells, unit):
    field = made(c=cells).field("c")
    assert field["type"] in ("integer", "number") and field.get("unit", "") == unit


def test_thousands_of_a_thing_are_thousands():
    cells = [f"{a / 10}k reviews" if a % 2 else f"{a} reviews" for a in spread(11, 99)]
    values = made(c=cells).values("c")
    assert values == [a * 100.0 if a % 2 else float(a) for a in spread(11, 99)]


def test_years_with_the_next_one_are_no_months():
    """2005-06 to 2010-11 could all be months."""
    table = made(c=[f"{y}-{(y + 1) % 100:02d}" for y in spread(2001, 2011)])
    assert table.type("c") == "string" and any("each with the next one" in note for note in table.notes)


def test_a_clock_of_a_language_with_points_is_a_time_of_day():
    table = made(c=[f"{h}.{m:02d} Uhr" for h, m in zip(spread(0, 23), spread(0, 59, seed=2), strict=True)])
    assert table.type("c") == "datetime"


def test_marks_of_feet_and_inches_beyond_twelve_are_minutes_and_seconds():
    minutes, seconds = spread(1, 9), spread(0, 59, seed=2)
    table = made(c=[f"{m}'{s:02d}\"" for m, s in zip(minutes, seconds, strict=True)])
    assert table.values("c") == [60.0 * m + s for m, s in zip(minutes, seconds, strict=True)]
    feet = made(c=[f"{f}'{i}\"" for f, i in zip(spread(4, 6), spread(0, 11, seed=2), strict=True)])
    assert feet.field("c")["unit"] != "s"


def test_years_of_another_calendar_are_said():
    days, months, years = spread(1, 28), spread(1, 12, seed=2), spread(2543, 2566, seed=3)
    table = made(c=[f"{d:02d}/{m:02d}/{y}" for d, m, y in zip(days, months, years, strict=True)])
    assert "another calendar, such as the Buddhist" in table.said("c")
    persian = made(c=[f"{y - 1163}/{m:02d}/{d:02d}" for d, m, y in zip(days, months, years, strict=True)])
    assert "another calendar, such as the Persian" in persian.said("c")


def test_numbered_levels_are_said():
    likert = ("1 - never", "2 - seldom", "3 - often", "4 - always")
    assert "numbered levels" in made(c=[likert[a] for a in spread(0, 3)]).said("c")
    assert made(c=[("red", "green", "blue", "grey")[a] for a in spread(0, 3)]).said("c") == ""


def test_numbers_beside_a_word_that_most_cells_say_are_said_with_the_cure():
    cells = ["FALSE"] * 80 + [str(i) for i in range(1, 41)]
    said = made(height=cells).said("height")
    assert '80 of its cells say "FALSE", the others are numbers' in said
    assert "{height: {type: number, missingValues: ['FALSE']}}" in said
    assert "FALSE" not in made(height=["FALSE"] * 80 + ["TRUE"] * 40).said("height")


@pytest.mark.parametrize("text", ["POINT (-73.{0} 40.7{0})", "(48.{0}, 11.5{0})", "[1.{0}; 2.{0}]"])
def test_several_numbers_in_a_cell_are_said(text):
    assert "hold numbers among other text" in made(where=[text.format(1000 + i) for i in range(120)]).said("where")


def test_heights_from_and_below_a_bound_are_read():
    cells = [f"{5 + i % 2}'{i % 12}\"" for i in range(110)] + ["6'6\" and above"] * 5 + ["Under 5 ft."] * 5
    assert {78, 60} <= set(made(height=cells).values("height"))


@pytest.mark.parametrize("form", ["Month {}", "Wave {}", "Semester {}", "Tag {}"])
def test_a_word_and_a_number_are_levels_whose_order_is_said_to_be_lost(form):
    assert "their order is not read" in made(when=[form.format(i % 9 + 1) for i in range(120)]).said("when")


def test_months_that_a_spreadsheet_turned_round_are_said():
    cells = ["Sep-63", "May-65", "Feb-78", "3-Feb", "10-Aug", "13-Jan"] * 20
    assert "months, with a day or a year" in made(intro=cells).said("intro")


@pytest.mark.parametrize(
    ("text", "value"),
    [("forty", 40), ("Two Hundred", 200), ("sixty thousand", 60_000), ("twenty-five", 25), ("one hundred and five", 105),
     ("zwölf", 12), ("dix-sept", 17), ("cuarenta", 40), ("二十五", 25), ("三", 3)],
)  # fmt: skip
def test_a_number_in_words_between_digits_is_that_number(text, value):
    table = made(count=[str(v) for v in range(10, 110)] + [text] * 20)
    assert table.values("count")[-1] == value
    assert "20 cells that say a number in words" in table.said("count")


def test_numbers_in_words_among_few_digits_and_words_for_none_are_read_too():
    cells = ["25", "forty", "60", " NAN ", "unknown", "35"] * 20
    assert made(age=cells).values("age")[:6] == [25, 40, 60, None, None, 35]


def test_of_numbers_in_words_alone_it_is_said_that_they_could_be_numbers():
    cells = ["two", "four", "six", "eight", "three", "five"] * 20
    table = made(cylinders=cells)
    assert table.type("cylinders") == "string" and "{cylinders: {type: number}}" in table.said("cylinders")
    assert made(cylinders=cells, columns={"cylinders": {"type": "number"}}).values("cylinders")[:3] == [2, 4, 6]


@pytest.mark.parametrize("text", ["one two", "twenty ten", "someone", "and", "four seasons"])
def test_words_that_are_no_number_stay_words(text):
    assert made(count=[str(v) for v in range(10, 110)] + [text] * 20).values("count")[-1] is None


def test_a_letter_behind_one_number_in_a_hundred_is_no_unit_and_is_said():
    table = made(minutes=[str(100 + i % 50) for i in range(119)] + ["178c"])
    assert table.values("minutes")[-1] == 178 and "unit" not in table.field("minutes")
    assert "such as 178c, have a word or letter beside the number" in table.said("minutes")


def test_a_code_for_none_that_is_the_only_number_between_words_is_said():
    numbers = {name: [*spread(1900, 2020, 100, seed), *["-1"] * 20] for seed, name in enumerate(("size", "age"))}
    said = made(sector=["steel", "paper", "glass", "cloth"] * 25 + ["-1"] * 20, **numbers).said("sector")
    assert "20 of its cells hold -1" in said and "{sector: {missingValues: ['-1']}}" in said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("377.8㎡", 377.8),
        ("￥7,378", 7378),
        ("45％", 45),
        ("&euro;3778", 3778),
        ("3&nbsp;778", 3778),
        ("Rp 3.778.000", 3_778_000),
        ("NT$ 7,378", 7378),
        ("58°30'N", 58.5),
        ("12° 15' 36\" S", -12.26),
        ("1m68", 1.68),
    ],
)
def test_as_other_places_write_a_number(text, value):
    digits = next(d for d in ("378", "120", "45", "377", "778", "58", "12", "68") if d in text)
    cells = [text.replace(digits, str(int(digits) - i % 9), 1) for i in range(119)]
    if text.endswith("N"):
        cells[0] = cells[0].replace("N", "S")
    assert made(",", **{"v": [*cells, text]}).values("v")[-1] == pytest.approx(value)


@pytest.mark.parametrize(
    "pair", ["да нет", "tak nie", "はい いいえ", "是 否", "evet hayır", "VERDADERO FALSO", "J N", "ano ne"]
)
def test_yes_and_no_in_other_languages_are_booleans(pair):
    yes, no = pair.split()
    assert made(smokes=[yes, no, no] * 40).values("smokes")[:3] == [True, False, False]


@pytest.mark.parametrize(
    "cells",
    [
        ["Q3'21", "Q1'22", "Q4'19", "Q2'20"],
        ["3Q21", "1Q22", "4Q19", "2Q2020"],
        ["★★★★", "★★★☆☆", "★", "★★"],
        ["$", "$$", "$$$", "$$$$"],
        ["[0-10)", "[10-20)", "[50-60)", "[90-100)"],
        ["(0.5, 10.0]", "(10.0, 20.5]", "(20.5, 30.0]", "(30.0, inf]"],
    ],
    ids=str,
)
def test_what_has_an_order_that_is_lost_in_levels_is_said(cells):
    assert "their order is not read" in made(v=cells * 30).said("v")


def test_lists_and_records_in_cells_are_said_with_the_cure():
    said = made(tags=[f"['red', 'b{i % 40}']" for i in range(120)]).said("tags")
    assert "hold lists or records" in said and "problem.exclude: [tags]" in said


def test_one_number_within_the_same_words_is_said_to_be_unread():
    said = made(walk=[f"徒歩{i % 30}分" for i in range(120)]).said("walk")
    assert "hold numbers among other text" in said
    assert made(floor=[f"{i % 5}/{i % 5 + 3}" for i in range(120)]).said("floor")


def test_versions_that_are_one_number_are_said_and_prices_are_not():
    assert "it holds 1.1 and 1.10" in made(build=[f"1.{i % 20}" for i in range(120)]).said("build")
    assert made(price=[f"{i}.5{'0' * (i % 2)}" for i in range(120)]).said("price") == ""


def test_a_multiplier_that_all_cells_have_is_said():
    assert "G × 1,000,000,000" in made(disk=[f"{i % 50 + 1}G" for i in range(120)]).said("disk")


def test_one_name_that_begins_with_a_number_makes_no_numbers_of_the_others():
    assert made(host=["1.usa.gov"] * 70 + ["bit.ly", "j.mp"] * 25).said("host") == ""


@pytest.mark.parametrize("name", ["Codice Comune numerico", "cod_municipio", "code_commune", "Código postal"])
def test_a_code_that_is_named_first_is_one(name):
    table = made(**{name: [1000 + 7 * i % 90 for i in range(120)]})
    assert table.type(name) == "string" and "codes, by its name" in table.said(name)


@pytest.mark.parametrize("mark", [".", ","])
def test_before_a_power_of_ten_no_mark_parts_thousands(mark):
    """A column of nothing but 1.234E+01 shows its decimal mark."""
    table = made(";", c=[f" {v // 1000}{mark}{v % 1000:03d}E+001" for v in spread(1001, 9999)])
    assert table.values("c") == pytest.approx([v / 100 for v in spread(1001, 9999)]) and not table.said("c")


def test_numbers_that_lack_the_unit_of_the_others_are_said():
    """The gap to the winner is in seconds, or in laps."""
    table = made(gap=[f"{v % 5 + 1} laps" if i % 3 == 0 else f"{v}.25" for i, v in enumerate(spread(1, 59))])
    assert f"{N - N // 3} of its cells have no lap beside the number" in table.said("gap")
    assert made(fee=[f"${v}" if i % 3 else f"{v}" for i, v in enumerate(spread(1, 59))]).said("fee") == ""


@pytest.mark.parametrize(
    "cells", [["70.000", "61.5", "58.25"], ["70.000 €", "61.5 €", "58.25 €"]], ids=["plain", "money"]
)
def test_three_decimals_that_end_in_0_beside_fewer_are_said(cells):
    assert "70.000 is read as 70, with three decimals" in made(c=cells * 40).said("c")


@pytest.mark.parametrize(
    "cells", [["70.000", "61.500", "0.250"], ["1.125", "2.5", "3.25"], ["1250.500", "70.000", "61.125"]]
)
def test_decimals_as_a_program_writes_them_are_not_said(cells):
    assert "three decimals" not in made(c=cells * 40).said("c")


def test_texts_that_were_read_in_a_wrong_encoding_before_are_said():
    assert "'Köln' is meant" in made(c=["KÃ¶ln", "Mainz", "Bonn"] * 40).said("c")
    assert made(c=["SÃO PAULO", "Åre", "Köln"] * 40).said("c") == ""


def test_a_column_that_says_something_only_where_it_changes_is_said_to_have_lost_the_rest():
    """Merged cells of a sheet, exported as text."""
    blocks = made(region=["North", *[""] * 39, "South", *[""] * 39, "East", *[""] * 39])
    assert "fill it in there" in blocks.said("region")
    remarks = made(remark=["", "broken", *[""] * 60, "old", *[""] * 57])
    assert "fill it in there" not in remarks.said("remark")


def test_measures_beside_a_word_that_many_cells_say_are_said_with_the_cure():
    table = made(smoked=["never" if i % 2 else f"{v} py" for i, v in enumerate(spread(1, 50))])
    assert '60 of its cells say "never", the others are numbers' in table.said("smoked")


def test_eight_bits_are_not_said_to_be_dates():
    table = made(mask=[f"{v:08b}" for v in spread(1, 255)])
    assert table.type("mask") == "string" and "dates" not in table.said("mask")
