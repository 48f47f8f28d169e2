"""Each source row is clean, quarantined with its reason, or a duplicate."""

import json

import pandas as pd

from tests.here import run_here
from tests.scratch import scratch

HEAD = "id,age,colour,good\n"
ROWS = [f"k{i},{20 + i % 30},{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}\n" for i in range(40)]


def cleaned(folder, text: str, target="good", **blocks):
    """(clean rows, quarantine, counts)."""
    ran = run_here(scratch(folder, text, target, **blocks), "define", "clean")
    assert ran.code == 0, ran.err
    counts = json.loads((folder / "reports/cleaning.json").read_text(encoding="utf-8"))
    return (
        pd.read_parquet(folder / "data/clean.parquet"),
        pd.read_csv(folder / "data/quarantine.csv", dtype=str),
        counts,
    )


def test_a_row_with_one_corrupt_cell_stays_and_the_cell_is_counted(tmp_path):
    clean, quarantine, counts = cleaned(tmp_path, HEAD + "".join(ROWS) + "k90,old,red,yes\n")
    assert len(clean) == 41 and quarantine.empty and counts["cells"]["age"] == {"corrupt": 1}
    assert pd.isna(clean["age"].iloc[-1])


def test_a_row_without_a_target_or_with_too_little_is_set_aside_with_its_line_and_reason(tmp_path):
    bad = "k90,30,red,?\nk91,?,,no\nk92,30\n"
    _, quarantine, counts = cleaned(tmp_path, HEAD + "".join(ROWS) + bad)
    assert quarantine["source"].tolist() == ["table.csv:44", "table.csv:42", "table.csv:43"]
    reasons = dict(zip(quarantine["source"], quarantine["reason"], strict=True))
    assert reasons["table.csv:42"] == 'no value of the target "good"'
    assert reasons["table.csv:43"] == "less than 20% of its features are filled"
    assert reasons["table.csv:44"] == "has 2 cells where the header has 4"
    assert quarantine["record"].tolist()[1] == "k90,30,red,?" and counts["quarantined"] == 3


def test_a_row_written_twice_is_dropped_where_an_id_tells_rows_apart(tmp_path):
    _, _, counts = cleaned(tmp_path, HEAD + "".join(ROWS) + ROWS[3] + ROWS[3])
    assert (counts["clean"], counts["duplicates"]) == (40, 2)


def test_a_row_without_its_id_is_no_other_row_written_twice(tmp_path):
    nameless = [",30,red,yes\n"] * 5
    _, _, counts = cleaned(tmp_path / "auto", HEAD + "".join(ROWS) + "".join(nameless) + ROWS[3])
    assert (counts["clean"], counts["duplicates"]) == (45, 1)
    _, _, counts = cleaned(tmp_path / "drop", HEAD + "".join(ROWS) + "".join(nameless), clean={"duplicates": "drop"})
    assert counts["duplicates"] == 4


def test_equal_rows_without_an_id_or_a_time_are_different_things_alike(tmp_path):
    text = (HEAD + "".join(ROWS) + ROWS[3]).replace("id,", "", 1)
    text = "\n".join(line.split(",", 1)[1] if line.startswith("k") else line for line in text.splitlines())
    _, _, counts = cleaned(tmp_path / "auto", text)
    assert (counts["clean"], counts["duplicates"]) == (41, 0)
    _, _, counts = cleaned(tmp_path / "drop", text, clean={"duplicates": "drop"})
    assert counts["clean"] + counts["duplicates"] == 41 and counts["duplicates"] > 0


def test_ids_of_seventeen_digits_are_not_confounded(tmp_path):
    text = "user_id,x,good\n" + "".join(f"{10**17 + i},5,{'yes' if i % 2 else 'no'}\n" for i in range(40))
    text += "".join(f"{10**17 + i},6,no\n" for i in range(40, 60))
    clean, _, counts = cleaned(tmp_path, text)
    assert counts["duplicates"] == 0 and clean["user_id"].nunique() == 60


def test_spellings_of_a_category_become_one(tmp_path):
    clean, _, _ = cleaned(tmp_path, HEAD + "".join(ROWS) + "k90,30, RED ,Yes\n")
    assert set(clean["colour"]) == {"red", "blue"} and set(clean["good"]) == {"yes", "no"}


def test_types_are_numbers_texts_and_dates(tmp_path):
    clean, _, _ = cleaned(tmp_path, "day," + HEAD + "".join(f"2024-01-{1 + i % 28:02},{r}" for i, r in enumerate(ROWS)))
    kinds = {c: str(t) for c, t in clean.dtypes.items()}
    assert kinds == {
        "day": "datetime64[us]",
        "id": "str",
        "age": "float64",
        "colour": "str",
        "good": "str",
        "__row__": "uint64",
        "__source__": "str",
    }
    assert list(clean)[-1] == "__source__"


def test_a_row_whose_instruments_all_say_that_they_have_no_value_is_a_record(tmp_path):
    readings = [f"{3 + i % 7}.{i % 10},{20 + i % 13},{i * 7 % 50}\n" for i in range(60)]
    silent = [f"-200,-200,{i}\n" for i in range(5)]
    clean, quarantine, _ = cleaned(tmp_path, "gas,heat,y\n" + "".join(readings + silent) + ",,7\n", "y")
    assert int(clean["gas"].isna().sum()) == 5
    assert quarantine["record"].tolist() == [",,7"]


def test_equal_rows_of_a_month_are_different_things_alike(tmp_path):
    rows = [f"2022-{i % 12 + 1:02d},{i % 2},{'yes' if i % 3 else 'no'}\n" for i in range(144)]
    clean, _, counts = cleaned(tmp_path / "months", "month,x,good\n" + "".join(rows))
    assert counts["duplicates"] == 0 and len(clean) == 144
    days = [row.replace(",", f"-{i // 6 % 28 + 1:02d},", 1) for i, row in enumerate(rows)]
    _, _, counts = cleaned(tmp_path / "days", "day,x,good\n" + "".join([*days, days[7]]))
    assert counts["duplicates"] == 1
