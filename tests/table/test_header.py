"""Where the names of columns stand: below titles, over two lines, above units; and totals and notes at the end."""

import pytest

from lifecycle.ground.errors import UserError
from lifecycle.table.read import ReadOptions
from tests.table.tables_as_text import aside, lines, names, read, rows, sums

TABLE = lines()
COUNT, PRICE = sums(TABLE)
NAMES = ["town", "count", "price", "good"]
WORDS = [
    (a, b) for a in ("Aber", "Bal", "Car", "Dun", "Glen") for b in "deen moral nock dee kirk loch more shiel".split()
]


@pytest.mark.parametrize(
    "above",
    [
        ["Report of May"],
        ["Report of May", "", "made by hand"],
        ["Report,,,", "Q1,from 2 May,,", ",,,"],
        ["# a comment", "# another, with, three, commas"],
        ["% by a tool"],
        ["#"],
    ],
    ids=lambda above: above[0],
)
def test_titles_and_comments_above_the_names_are_set_aside(tmp_path, above):
    raw = read(tmp_path, [*above, *TABLE])
    assert names(raw) == NAMES and len(raw.frame) == 40
    assert raw.frame["__source__"].iloc[0] == f"t.csv:{len(above) + 2}"
    assert all("above the header" in reason for _, reason in aside(raw)) and raw.broken


def test_a_comment_that_names_the_columns_is_the_header(tmp_path):
    table = ["##version 4", "#site;depth;ok", *(f"{'abc'[i % 3]};{i};{i % 2}" for i in range(40))]
    assert names(read(tmp_path, table)) == ["site", "depth", "ok"]


@pytest.mark.parametrize(
    "second", ["[-],[n],[EUR],[-]", ",Stück,€,", "str,int,float,int", "Ort,Anzahl,Preis je kg,gut?"]
)
def test_a_second_line_of_names_or_units_is_no_row(tmp_path, second):
    raw = read(tmp_path, [TABLE[0], second, *TABLE[1:]])
    assert names(raw) == NAMES and len(raw.frame) == 40
    assert aside(raw) == [(2, "a second line of names or units below the header")]
    assert any("words or units" in note for note in raw.notes)


@pytest.mark.parametrize("first", ["Ulm,unknown,2.5,1", "Ulm,?,?,1", "Essen,n/a,-,0"])
def test_a_first_row_with_words_for_missing_is_a_row(tmp_path, first):
    assert len(read(tmp_path, [TABLE[0], first, *TABLE[1:]]).frame) == 41


def test_merged_heads_over_names_make_one_name_of_both(tmp_path):
    table = [",spring,,autumn,", "site,n,kg,n,kg", *(f"S{i % 3},{i},{i}.5,{i + 1},{i + 2}.5" for i in range(40))]
    raw = read(tmp_path, table)
    assert names(raw) == ["site", "spring n", "spring kg", "autumn n", "autumn kg"]
    assert any("two lines (1 and 2)" in note for note in raw.notes) and len(raw.frame) == 40


def test_merged_heads_with_one_over_the_first_column_are_heads_too(tmp_path):
    table = ["site;2022;;2023;", ";n;kg;n;kg", *(f"S{i % 3};{i};{i},5;{i + 1};{i + 2},5" for i in range(40))]
    assert names(read(tmp_path, table)) == ["site", "2022 n", "2022 kg", "2023 n", "2023 kg"]


def test_names_of_rows_that_have_no_name_of_their_own_get_one(tmp_path):
    assert names(read(tmp_path, ["x y ok", *(f"{i + 1} {i * 2} {i % 7} {i % 2}" for i in range(40))])) == [
        "unnamed_1", "x", "y", "ok",
    ]  # fmt: skip


def test_a_first_row_of_data_is_not_taken_for_names(tmp_path):
    with pytest.raises(UserError, match=r":1 looks like a row of data.*add a line of column names"):
        read(tmp_path, TABLE[1:])


TOTALS = {
    "english": f"Total,{COUNT},{PRICE},",
    "german": f"Summe,{COUNT},{PRICE},20",
    "russian": f"Итого:,{COUNT},{PRICE},",
    "japanese": f"合計,{COUNT},{PRICE},",
    "a phrase": f"Grand total (all towns),{COUNT},{PRICE},20",
    "a mean": f"Durchschnitt,{COUNT / 40},{PRICE / 40},",
    "a count": "Total,40,,20",
    "no word": f",{COUNT},{PRICE},",
}


@pytest.mark.parametrize("total", TOTALS.values(), ids=TOTALS)
def test_a_total_below_the_rows_is_no_row(tmp_path, total):
    assert aside(read(tmp_path, [*TABLE, total])) == [(42, "a total of the rows above, not a row")]


@pytest.mark.parametrize("last", ["Total,7,3.5,1", "Ulm,7,,", "Celle,,3.5,0", "All saints,9,3.5,0"])
def test_a_last_row_that_sums_nothing_up_stays(tmp_path, last):
    assert rows(read(tmp_path, [*TABLE, last]))[-1] == last.split(",")


def test_a_brand_called_total_is_a_level_like_others(tmp_path):
    table = ["brand,x,y", *(f"{('Total', 'Shell', 'Esso')[i % 3]},{i},{i % 2}" for i in range(40))]
    assert len(read(tmp_path, table).frame) == 40


def test_sums_between_the_rows_are_no_rows(tmp_path):
    blocks = [[*(f"{r},s{k},{k + 1},{10 + k}.5" for k in range(9)), f"Zwischensumme {r},,45,130.5"] for r in "NSO"]
    raw = read(tmp_path, ["region,shop,n,amount", *(line for block in blocks for line in block), "Gesamt,,135,391.5"])
    assert [line for line, _ in aside(raw)] == [11, 21, 31, 32] and len(raw.frame) == 27


def test_sums_between_the_rows_of_shops_with_codes_are_no_rows(tmp_path):
    blocks = [[*(f"F{b},{k + 1},{10 + k}.5" for k in range(9)), "Zwischensumme,45,130.5"] for b in range(3)]
    raw = read(tmp_path, ["shop,n,amount", *(line for block in blocks for line in block), "Gesamtsumme,135,391.5"])
    assert [line for line, _ in aside(raw)] == [11, 21, 31, 32] and len(raw.frame) == 27


@pytest.mark.parametrize("label", ["{} Total", "{} Ergebnis", "{} - subtotal", "Totale {}", "{} 集計"])
def test_sums_between_the_rows_may_be_named_behind_what_they_sum(tmp_path, label):
    """As pivot tables of several programs write them."""
    blocks = [[*(f"{r},s{k},{k + 1},{10 + k}.5" for k in range(9)), label.format(r) + ",,45,130.5"] for r in "NSO"]
    raw = read(tmp_path, ["region,shop,n,amount", *(line for block in blocks for line in block)])
    assert [line for line, _ in aside(raw)] == [11, 21, 31]


def test_a_sum_with_a_result_of_its_own_is_a_row(tmp_path):
    """The total of a laboratory is measured as its fractions are, and says so in a column of words."""
    kinds = ("direct", "indirect", "total")
    table = ["sample,fraction,umol,result"]
    for k in range(15):
        amounts = (k + 2, 2 * k + 3, 3 * k + 5)
        table += [f"S{k},{kind},{n},{('low', 'high')[(k + n) % 2]}" for kind, n in zip(kinds, amounts, strict=True)]
    assert len(read(tmp_path, table).frame) == 45


@pytest.mark.parametrize("word", ["-", "n/a", "C{}", "day {}.4", "all of {}"])
def test_a_dash_an_id_or_the_last_day_of_its_rows_is_no_result_of_a_sum(tmp_path, word):
    table = ["region,when,amount,pieces"]
    for k, region in enumerate(("Nord", "Süd", "Ost", "West")):
        parts = [(3 * k + i + 2, 5 * i + k + 1) for i in range(4)]
        table += [f"{region},day {k}.{i + 1},{a},{b}" for i, (a, b) in enumerate(parts)]
        table.append(f"{region} Total,{word.format(k)},{sum(a for a, _ in parts)},{sum(b for _, b in parts)}")
    assert len(read(tmp_path, table).frame) == 16


def test_a_sum_that_repeats_what_all_rows_above_say_is_none(tmp_path):
    table = ["region,product,year,amount"]
    for k, region in enumerate(("Nord", "Süd", "Ost", "West")):
        table += [f"{region},tea,Q{k},{k + 2}", f"{region},milk,Q{k},{k + 7}", f"{region},Total,Q{k},{2 * k + 9}"] * 3
    assert len(read(tmp_path, table).frame) == 24


def test_a_name_that_ends_as_a_total_does_is_a_level(tmp_path):
    table = ["test,value,high", *(f"{('Protein total', 'Iron', 'Iron total')[i % 3]},{i},{i % 2}" for i in range(40))]
    assert len(read(tmp_path, table).frame) == 40


@pytest.mark.parametrize(
    "last",
    [
        ["Std. Dev.,14.2,11.5,"],
        ["Mediana,,21.5,"],
        ["mean,26.1,21.3,", "std,14.2,11.5,", "min,3,2.5,", "25%,14,11.5,", "max,52,41.5,"],
    ],
    ids=lambda last: last[0],
)
def test_figures_on_the_rows_below_them_are_no_rows(tmp_path, last):
    table = [TABLE[0], *(f"{line[:-1]}{'ny'[int(line[-1])]}" for line in TABLE[1:])]
    assert len(read(tmp_path, [*table, *last]).frame) == 40


@pytest.mark.parametrize("last", ["Max,34,3.5,n", "Max,34,3.5,", "Median,34,3.5,y"])
def test_a_last_row_of_somebody_called_max_stays(tmp_path, last):
    table = [TABLE[0], *(f"{line[:-1]}{'ny'[int(line[-1])]}" for line in TABLE[1:])]
    assert rows(read(tmp_path, [*table, last]))[-1] == last.split(",")


@pytest.mark.parametrize(
    "last",
    [
        ["Max,21,9.5", "Sum,7,3.5", "Min,34,30.5"],
        ["count,7,3.5", "max,8,4.5"],
        [f"std,{k},{k + 0.5}" for k in range(12)],
        ["var,7,35.5", "std,35,3.5"],
        ["min,,", "max,,"],
    ],
    ids=["names", "levels met once", "the last level of a sorted column", "wider than the numbers", "no figures"],
)
def test_rows_whose_numbers_are_not_what_their_word_says_stay(tmp_path, last):
    table = ["who,n,x", *(f"w{k},{k + 1},{k}.5" for k in range(40))]
    assert len(read(tmp_path, [*table, *last]).frame) == 40 + len(last)


def test_shares_of_a_quarter_and_a_half_are_values_of_a_column_of_shares(tmp_path):
    table = ["moist,n,x", *(f"{k + 30}%,{k + 1},{k}.5" for k in range(17)), "75%,4,2.5", "50%,7,3.5"]
    assert len(read(tmp_path, table).frame) == 19


def test_a_total_above_the_rows_is_no_row_and_a_level_of_that_name_is_one(tmp_path):
    rows = [f"City {k},{100 + k},{k % 7 + 1}" for k in range(30)]
    raw = read(tmp_path, ["city,people,schools", "Total,3435,119", *rows])
    assert [line for line, _ in aside(raw)] == [2] and len(raw.frame) == 30
    assert len(read(tmp_path, ["brand,price,litres", "Total,104,5", *rows]).frame) == 31


@pytest.mark.parametrize(
    "notes",
    [
        ["", "Source: own survey"],
        ["Quelle: Amt,,,", "Stand: Mai,,,"],
        ['"* provisional, see note 3"'],
        ["出典：統計局,,,"],
        ["※速報値,,,"],
        ["figures of a survey that nobody checked", "and of another one", "and more", "and more", "and more"],
        [
            "*****",
            "Footnotes",
            '"1.","until 1992 of the west"',
            '"2.","per 31 December"',
            '"3.","estimated"',
            '"4.","revised"',
        ],
    ],
    ids=lambda notes: notes[0] or notes[1],
)
def test_sources_and_notes_below_the_rows_are_no_rows(tmp_path, notes):
    raw = read(tmp_path, [*TABLE, f"Total,{COUNT},{PRICE},", *notes])
    assert len(raw.frame) == 40
    assert {reason for _, reason in aside(raw)} == {
        "a total of the rows above, not a row",
        "a note below the table, not a row",
    }


@pytest.mark.parametrize("mark", [" ", ",", "\t"])
def test_rows_that_begin_with_their_name_have_one_cell_more_than_the_header(tmp_path, mark):
    """As R writes a table."""
    table = [
        mark.join(['"n"', '"good"']),
        *(mark.join([f'"{a}{b}"', str(i), "1"]) for i, (a, b) in enumerate(WORDS, 7)),
    ]
    raw = read(tmp_path, table)
    assert names(raw) == ["unnamed_1", "n", "good"] and len(raw.frame) == 40
    assert any("first cell of each row is taken for the row's name" in note for note in raw.notes)


def test_a_row_with_a_cell_too_many_that_names_nothing_is_refused(tmp_path):
    with pytest.raises(UserError, match="do not fit the header's 2 columns"):
        read(tmp_path, ["n,good", *(f"{'abc'[i % 3]},{i},1" for i in range(40))])


@pytest.mark.parametrize(
    "table",
    [
        ["town,price", *(f"{a}{b},20,0{i % 10}" for i, (a, b) in enumerate(WORDS))],
        ["name,age", *(f"{a}{b},{20 + i},{i % 3}" for i, (a, b) in enumerate(WORDS))],
        ["said,n", *(f"well {a}{b}, he said,{i}" for i, (a, b) in enumerate(WORDS, 7))],
    ],
    ids=["decimal commas", "the last name is lacking", "commas within texts"],
)
def test_a_cell_too_many_that_is_not_the_rows_name_is_refused(tmp_path, table):
    with pytest.raises(UserError, match="do not fit the header's 2 columns"):
        read(tmp_path, table)


def test_a_remark_behind_some_rows_moves_no_column(tmp_path):
    raw = read(tmp_path, ["town,n", *(f"{a}{b},{i},{'new' * (i == 9)}" for i, (a, b) in enumerate(WORDS, 7))])
    assert names(raw) == ["town", "n"] and len(raw.frame) == 39


@pytest.mark.parametrize("above", [",", ",Sales report", ",2020"])
def test_a_line_above_the_names_of_two_columns_names_nothing(tmp_path, above):
    raw = read(tmp_path, [above, "town,n", *(f"V{i},{i}" for i in range(40))])
    assert names(raw) == ["town", "n"] and len(raw.frame) == 40


def test_of_two_columns_the_first_may_have_no_name(tmp_path):
    """What a table of R or pandas is with one column of words."""
    raw = read(tmp_path, ['"","good"', *(f'"V{i}","is it {"abc"[i % 3]}?"' for i in range(40))])
    assert names(raw) == ["unnamed_1", "good"] and len(raw.frame) == 40


@pytest.mark.parametrize(
    "above",
    [
        ["Device,Meter 12,Serial,99887", "Location,Hall B,Floor,2"],
        ["Wavelength,280,nm,"],
        ["Units,mAU,nm,s", "[Data]"],
    ],
    ids=lambda above: above[0],
)
def test_of_lines_as_wide_as_the_rows_the_one_with_the_target_names_the_columns(tmp_path, above):
    raw = read(tmp_path, [*above, *TABLE], options=ReadOptions(wanted=("good",)))
    assert names(raw) == NAMES and len(raw.frame) == 40 and len(raw.broken) == len(above)


def test_a_row_that_holds_the_targets_name_is_no_header(tmp_path):
    table = ["a,b,c", *(f"{i},good,{i * 2}" for i in range(40))]
    assert names(read(tmp_path, table, options=ReadOptions(wanted=("good",)))) == ["a", "b", "c"]


def test_a_line_of_choices_below_the_questions_is_no_row(tmp_path):
    """As survey tools write a question that takes several answers."""
    heads = "who,how good?,which do you use?,,,again?"
    answers = [
        f"{100 + i * 7},{i % 5},{'phone' * (i % 2)},{'mail' * (i % 3 > 0)},{'chat' * (i % 4 > 1)},{'yn'[i % 2]}"
        for i in range(40)
    ]
    raw = read(tmp_path, [heads, ",,phone,mail,chat,answer", *answers])
    assert len(raw.frame) == 40 and aside(raw)[0][0] == 2
    raw = read(tmp_path, [heads, ",answer,phone,mail,chat,answer", *answers])
    assert names(raw)[1:4] == ["how good? answer", "which do you use? phone", "which do you use? mail"]


def test_a_constant_column_without_a_name_makes_no_second_header(tmp_path):
    table = ["who,what,", *(f"n{i},{'ab'[i % 2]},x" for i in range(40))]
    assert len(read(tmp_path, table).frame) == 40


@pytest.mark.parametrize("of_rows", ["M", "10"], ids=["articles", "numbers"])
def test_sums_that_stars_mark_are_no_rows(tmp_path, of_rows):
    """As SAP marks the levels of its sums, in the column of the documents' numbers too."""
    blocks = [[*(f"{of_rows}{b}{k},{k + 1},{10 + k}.5" for k in range(9)), "*,45,130.5"] for b in range(3)]
    raw = read(tmp_path, ["document,n,amount", *(line for block in blocks for line in block), "**,135,391.5"])
    assert [line for line, _ in aside(raw)] == [11, 21, 31, 32] and len(raw.frame) == 27


def test_stars_that_rate_are_levels(tmp_path):
    table = ["hotel,stars,price", *(f"h{i},{'*' * (i % 5 + 1)},{40 + i}" for i in range(41))]
    assert len(read(tmp_path, table).frame) == 41


@pytest.mark.parametrize("counts", ["1,2,3,4", "(1),(2),(3),(4)", "[1],[2],[3],[4]"])
def test_a_line_that_counts_the_columns_is_no_row(tmp_path, counts):
    """As statistical offices write it below the names."""
    raw = read(tmp_path, [TABLE[0], counts, *TABLE[1:]])
    assert names(raw) == NAMES and len(raw.frame) == 40 and aside(raw)[0][0] == 2


def test_numbers_in_the_order_of_the_columns_are_a_row_where_all_are_numbers(tmp_path):
    table = ["a,b,c,d", "1,2,3,4", *(f"{i},{i % 3},{i % 5},{i % 7}" for i in range(40))]
    assert len(read(tmp_path, table).frame) == 41
    assert len(read(tmp_path, [TABLE[0], "Ulm,1,2,3", *TABLE[1:]]).frame) == 41


def test_the_letters_of_a_sheets_columns_name_nothing(tmp_path):
    raw = read(tmp_path, ["A,B,C,D", *TABLE])
    assert names(raw) == NAMES and len(raw.frame) == 40
    assert names(read(tmp_path, ["A,B,C,D", *TABLE[1:]])) == ["A", "B", "C", "D"]


def test_letters_that_are_the_names_stay_where_one_is_the_target(tmp_path):
    table = ["A,B,C,D", "name0,NA,?,w17612", *(f"name{i},{i},{i * 3},{'uv'[i % 2]}" for i in range(1, 41))]
    assert names(read(tmp_path, table, options=ReadOptions(wanted=("D",)))) == ["A", "B", "C", "D"]


def test_a_target_that_is_a_word_of_a_row_makes_no_header_of_it_however_deep_it_stands(tmp_path):
    rows = [f"n{i},stay,{i % 7}" for i in range(40)]
    table = ["Name,Result,score", *rows[:4], "n4,churn,late", *rows[5:]]
    assert names(read(tmp_path, table, options=ReadOptions(wanted=("churn",)))) == ["Name", "Result", "score"]


def test_amounts_in_brackets_and_a_column_without_a_name_have_a_first_row(tmp_path):
    owed = ["a,b,c,d", "(1),(2),(3),(4)", *(f"({i}),({i % 3}),({i % 5}),({i % 7})" for i in range(40))]
    assert len(read(tmp_path, owed).frame) == 41
    prices = ["name,score,,y", "n0,,EUR,maybe", *(f"n{i},{i % 5},EUR,{'yn'[i % 2]}" for i in range(1, 40))]
    assert len(read(tmp_path, prices).frame) == 40
