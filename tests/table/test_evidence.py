"""What the file shows decides where a column by itself does not; and which numbers and words stand for "no value"."""

import numpy as np
import pytest
import yaml

from lifecycle.table import sentinels
from tests.table.columns import N, made, spread

DOUBTFUL = [
    f"{a}.{b:03}" if i % 3 else str(b)
    for i, (a, b) in enumerate(zip(spread(1, 99), spread(1, 999, seed=2), strict=True))
]
THREE = [f"{a},{b:03}" for a, b in zip(spread(1, 9), spread(0, 999, seed=2), strict=True)]
COMMAS = [f"{v / 10}".replace(".", ",") for v in spread(11, 999)]
POINTS = [f"{v / 10}" for v in spread(11, 999)]


def whole(texts, mark):
    return [float(t.replace(mark, "")) for t in texts]


def broken(texts, mark):
    return [float(t.replace(mark, ".")) for t in texts]


def test_decimal_commas_elsewhere_make_a_point_one_of_thousands():
    assert made(";", c=DOUBTFUL, d=COMMAS).values("c") == whole(DOUBTFUL, ".")
    assert made("\t", c=DOUBTFUL, d=COMMAS).values("c") == whole(DOUBTFUL, ".")


def test_decimal_commas_elsewhere_make_a_comma_the_decimal_one():
    assert made(";", c=THREE, d=COMMAS).values("c") == broken(THREE, ",")


def test_decimal_points_elsewhere_make_a_comma_one_of_thousands_and_a_point_the_decimal_one():
    table = made(",", c=THREE, d=POINTS, e=DOUBTFUL)
    assert table.values("c") == whole(THREE, ",") and table.values("e") == broken(DOUBTFUL, ".")
    assert made(";", c=DOUBTFUL, d=POINTS).values("c") == broken(DOUBTFUL, ".")


def test_where_no_column_shows_it_the_delimiter_decides_and_that_is_said():
    table = made(";", c=THREE)
    assert (
        table.values("c") == broken(THREE, ",")
        and "beyond doubt" in table.said("c")
        and "columns: {c:" in table.said("c")
    )
    assert made(",", c=THREE).values("c") == whole(THREE, ",")


def test_of_many_columns_in_doubt_one_has_a_line_and_the_others_are_named():
    table = made(";", c=THREE, d=THREE[::-1], e=THREE[1:] + THREE[:1])
    assert sum("beyond doubt" in note for note in table.notes) == 1 and 'the same is true of "d", "e"' in table.notes


def test_a_column_that_shows_it_itself_needs_no_other():
    table = made(",", c=COMMAS, d=POINTS)
    assert table.values("c") == broken(COMMAS, ",") and table.values("d") == broken(POINTS, ".")


# ---- numbers for "no value" -------------------------------------------------------------------------------


def with_code(code, every, low=5, high=60, seed=0):
    return [code if i % every == 0 else v for i, v in enumerate(spread(low, high, seed=seed))]


def test_a_code_of_two_columns_is_missing_in_a_third_that_mostly_holds_it():
    mostly = [v if i % 8 == 0 else "-88" for i, v in enumerate(spread(5, 60))]
    table = made(a=with_code("-88", 9), b=with_code("-88", 7, seed=2), c=mostly, d=spread(-120, -20))
    assert table.values("c").count(None) == N - N // 8 and None not in table.values("d")


@pytest.mark.parametrize("value", ["365", "3650", "180", "1000"])
def test_a_value_far_off_that_is_no_code_is_kept_and_said(value):
    table = made(nights=with_code(value, 15, 1, 30))
    assert None not in table.values("nights") and value in table.said("nights")
    assert f"missingValues: ['{value}']" in table.said("nights")


def test_zeros_below_a_gap_are_kept_and_said():
    table = made(budget=[0 if i % 3 == 0 else v for i, v in enumerate(spread(10**5, 10**7))], count=spread(0, 9))
    assert None not in table.values("budget") and "0 may stand for not known" in table.said("budget")
    assert "not known" not in table.said("count")


def test_a_lone_value_far_off_in_the_target_is_said():
    stars = [v / 10 for v in spread(10, 50)]
    stars[7] = 23
    assert "23" in made(target="stars", stars=stars).said("stars")


@pytest.mark.parametrize(
    ("values", "missing"),
    [([*range(50), -999], [-999]), ([*range(50), 99999], [99999]), ([1, 2, 3, 999], [999]), ([0, 999], []), ([-1, 1], []),
     ([*np.arange(3, 5, 0.01), 0], [0]), ([*range(100)], [])],
)  # fmt: skip
def test_a_code_is_told_from_a_value(values, missing):
    counts = np.ones(len(values), dtype=int)
    assert sentinels.judge(np.array(values, dtype=float), counts).missing == missing


# ---- words for "no value" ---------------------------------------------------------------------------------


def with_word(word, every, cells):
    return [word if i % every == 0 else c for i, c in enumerate(cells)]


def test_a_word_between_the_numbers_of_two_columns_is_missing_among_few_numbers_too():
    table = made(
        a=with_word("kaputt", 9, spread(5, 60)),
        b=with_word("kaputt", 7, POINTS),
        c=with_word("kaputt", 8, spread(1, 3)),
    )
    assert table.type("c") == "integer" and table.values("c").count(None) == N // 8
    assert '"kaputt"' in table.said("c")


def test_a_usual_word_is_missing_in_categories_as_well():
    levels = ["gut", "so lala"] * (N // 2)
    table = made(
        a=with_word("Unbekannt", 9, spread(5, 60)),
        c=with_word("unbekannt", 8, levels),
        d=with_word("unbekannt", 8, ["ja", "nein"] * 60),
    )
    assert set(table.values("c")) == {"gut", "so lala", None} and table.type("d") == "boolean"


def test_a_word_that_no_number_stands_beside_is_a_level():
    assert set(made(job=with_word("unknown", 5, ["clerk", "cook"] * 60)).values("job")) == {"unknown", "clerk", "cook"}


def test_the_targets_own_words_are_its_classes():
    classes = made(
        target="kind", kind=with_word("unknown", 3, ["a", "b"] * 60), a=with_word("unknown", 9, spread(5, 60))
    ).contract["problem"]["classes"]
    assert "unknown" in classes


def test_a_far_code_of_three_columns_is_missing_and_of_one_is_only_named():
    scale = [99 if i % 7 == 0 else v for i, v in enumerate(spread(1, 5))]
    three = made(q1=scale, q2=scale[1:] + [4], q3=scale[2:] + [3, 4])
    assert three.values("q1").count(None) == scale.count(99) and "read as missing" in three.said("q2")
    one = made(q1=scale, q2=spread(1, 5))
    assert 99 in one.values("q1") and "missingValues: ['99']" in one.said("q1")


@pytest.mark.parametrize("codes", [(998, 999), (-1, -2), (-9, -8, -7), (7777, 8888, 9999)])
def test_codes_side_by_side_hide_one_another_no_more(codes):
    cells = [codes[i % len(codes)] if i % 7 == 0 else v for i, v in enumerate(spread(18, 60))]
    table = made(age=cells)
    assert set(table.values("age")).isdisjoint(codes) and "read as missing" in table.said("age")


def test_codes_far_off_a_scale_are_named_in_one_line_whose_cure_does_what_it_says():
    cells = [(88, 99)[i % 2] if i % 7 == 0 else v for i, v in enumerate(spread(1, 7))]
    said = made(answered=cells).said("answered")
    assert "88" in said and "they are kept as values" in said and "{answered: {missingValues: ['88', '99']}}" in said
    cured = made(columns={"answered": {"missingValues": ["88", "99"]}}, answered=cells)
    assert set(cured.values("answered")) == {*range(1, 8), None}


@pytest.mark.parametrize(("low", "high"), [(-2, 2), (-3, 3), (-2, 8), (-4, 6)])
def test_a_scale_that_goes_below_nought_holds_no_codes(low, high):
    table = made(change=spread(low, high))
    assert table.said("change") == "" and set(table.values("change")) == set(range(low, high + 1))


def test_floors_below_the_first_are_named_and_kept():
    cells = [-1 - i % 2 if i % 7 == 0 else v for i, v in enumerate(spread(1, 12))]
    table = made(floor=cells)
    assert None not in table.values("floor") and "{floor: {missingValues: ['-1', '-2']}}" in table.said("floor")


def test_the_last_rungs_of_a_ladder_are_no_codes():
    cells = [(20, 21)[i % 2] if i % 7 == 0 else v for i, v in enumerate(spread(1, 3))]
    assert "{missingValues: ['20', '21']}" not in made(rooms=cells).said("rooms")


@pytest.mark.parametrize(
    ("name", "code"), [("size", "2147483647"), ("size, cm", "3.4028235e+38"), ("yes", "123456789")]
)
def test_the_cure_names_column_and_cells_as_params_must_have_them(name, code):
    cells = ["n/a" if i % 9 == 0 else code if i % 7 == 0 else v for i, v in enumerate(spread(5, 60))]
    said = made(**{name: cells}).said(name)
    columns = yaml.safe_load("{" + said[said.index("columns: ") :] + "}")["columns"]
    assert columns == {name: {"missingValues": ["n/a", code]}}
    assert made(columns=columns, **{name: cells}).field(name)["constraints"]["maximum"] <= 60


@pytest.mark.parametrize(
    ("word", "others"),
    [("None", ["Milk", "Nuts", "Fish"]), ("none", ["mild", "severe"]), ("NA", ["DE", "FR", "NO", "PL"]), ("Nan", ["Ada", "Bo", "Cy"])],
)  # fmt: skip
def test_a_word_for_missing_that_may_be_a_level_is_said_and_the_cure_makes_it_one(word, others):
    cells = ["n/a" if i % 11 == 0 else word if i % 4 == 0 else others[i // 2 % len(others)] for i in range(N)]
    said = made(c=cells).said("c")
    assert f'"{word}"' in said
    columns = yaml.safe_load("{" + said[said.index("columns: ") :] + "}")["columns"]
    assert set(made(columns=columns, c=cells).values("c")) == {None, word, *others}


def test_na_between_words_and_numbers_is_missing_without_a_word():
    cells = ["NA" if i % 4 == 0 else "gravel" for i in range(N)]
    table = made(c=cells, d=[v.replace("gravel", str(i)) for i, v in enumerate(cells)])
    assert "missing" not in table.said("c") + table.said("d")


@pytest.mark.parametrize("letters", ["TFN", "YNF", "TN"])
def test_a_letter_that_stands_for_another_answer_makes_levels(letters):
    table = made(flag=[letters[i % len(letters)] for i in range(N)])
    assert table.type("flag") == "string" and set(table.values("flag")) == set(letters)


@pytest.mark.parametrize(
    "words",
    [
        ("T", "F"),
        ("Y", "N"),
        ("Yes", "N"),
        ("Y", "no", "N"),
        ("true", "F", "T"),
        ("1", "N"),
        ("y", "YES", "No"),
        ("T", "0"),
        ("F", "1"),
        ("wahr", "f"),
    ],
)
def test_letters_beside_their_opposite_are_yes_and_no(words):
    assert made(flag=[words[i % len(words)] for i in range(N)]).type("flag") == "boolean"


@pytest.mark.parametrize("mark", ["...", "…", ":", ": c", "**", "/", "//"])
def test_a_mark_of_a_statistical_office_stands_for_none_also_where_most_cells_hold_it(mark):
    table = made(cases=[str(5 * i) for i in range(8)] * 5 + [mark] * 80)
    assert table.type("cases") == "integer" and table.values("cases")[-1] is None
    assert "read as missing" in table.said("cases")


def test_flags_behind_many_numbers_leave_the_numbers():
    table = made(share=[f"{i % 40}.{i % 7} {flag}" for i, flag in enumerate(["", "b", "p", "e"] * 30)])
    assert table.type("share") == "number" and "have a word or letter beside the number" in table.said("share")
