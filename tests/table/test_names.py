"""Names of columns: tidied, told apart, kept from the house's own, and matched between files."""

import pytest

from lifecycle.ground.errors import UserError
from lifecycle.table.names import tidy_name, united
from lifecycle.table.read import ReadOptions, read_raw
from tests.here import run_here
from tests.scratch import scratch
from tests.table.tables_as_text import lines, names, read


def pairs(*columns: str) -> list[str]:
    return [",".join(columns), *(",".join(str(i % (c + 2)) for c in range(len(columns))) for i in range(30))]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  die   Größe ", "die Größe"),
        ("gro\u0308ße", "größe"),
        ("x\u200b", "x"),
        ("\ufeffx\0", "x"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("\u202eevil", r"\u202eevil"),
        (" ;,, ", ""),
    ],
)
def test_a_name_is_what_params_can_say_and_no_terminal_obeys(written, name):
    assert tidy_name(written) == name


def test_twins_are_told_apart_and_named(tmp_path):
    raw = read(tmp_path, pairs("é", "e\u0301", "a", "ａ", "x", "x", "y"))
    assert names(raw) == ["é", "é_2", "a", "ａ", "x", "x_2", "y"]
    said = "\n".join(raw.notes)
    assert '"é" twice, in two codings' in said and '"x" twice; the one in column 6' in said
    assert 'look alike, "a" in column 3 and "ａ" (\\uff41) in column 4' in said


def test_twins_of_names_go_through_clean(tmp_path):
    table = "\n".join(pairs("é", "e\u0301", "class", "y")).replace("\n0,0,0,0", "\n,,,0", 1)
    ran = run_here(scratch(tmp_path, table, "y"), "define", "clean", "split")
    assert ran.code == 0, ran.err


def test_names_that_the_house_gives_itself_are_changed_and_that_is_said(tmp_path):
    raw = read(tmp_path, pairs("__id__", "__p_0__", "__source__", "prediction", "y"))
    assert names(raw) == ["id_column", "p_0_column", "source_column", "prediction", "y"]
    assert len(raw.notes) == 3 and '"__p_0__" is a name that this project gives itself' in raw.notes[1]


def folder(tmp_path, **files: list[str]):
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(content) + "\n", encoding="utf-8")
    return tmp_path


def test_files_of_one_folder_are_united_and_what_each_lacks_is_missing_and_said(tmp_path):
    raw = read_raw(folder(tmp_path, a=pairs("x", "y"), b=pairs("X ", "channel", "y")))
    assert names(raw) == ["x", "y", "channel"] and set(raw.frame["channel"][:30]) == {""}
    assert 'b.csv writes "X" where the column is called "x"; read as one column' in raw.notes
    assert any(note.startswith('"channel" is in 1 of 2 files; missing in a.csv') for note in raw.notes)


def test_a_renamed_column_is_one_where_params_say_so(tmp_path):
    there = folder(tmp_path, a=pairs("amount", "y"), b=pairs("spend", "y"))
    raw = read_raw(there, ReadOptions(was={"spend": ["amount"]}))
    assert names(raw) == ["spend", "y"] and "" not in set(raw.frame["spend"])
    with pytest.raises(UserError, match='both "amount" and "spend".*take one of them out'):
        read_raw(folder(tmp_path, c=pairs("amount", "spend", "y")), ReadOptions(was={"spend": ["amount"]}))


def test_two_names_of_one_file_that_differ_in_case_are_two_columns():
    assert united([("t", ["a", "A"])], {}).names == ["a", "A"]
    assert united([("t", ["a", "A"]), ("u", ["A", "a"])], {}).columns == [[0, 1], [1, 0]]


def test_each_file_needs_the_target(tmp_path):
    there = folder(tmp_path, a=pairs("x", "churn"), b=pairs("x", "churned"))
    with pytest.raises(UserError, match=r'b.csv has no column "churn"; did you mean "churned"\?.*was: \['):
        read_raw(there, target="churn")


def test_the_monthly_feed_goes_on_when_its_columns_change(tmp_path):
    """As in params.yaml and through the stages: a column more, another case, a name changed, an excluded one gone."""
    project = scratch(
        tmp_path,
        "\n".join(lines()),
        "good",
        name="01.csv",
        columns={"price": {"was": ["amount"]}},
        problem={"exclude": ["count"]},
    )
    february = [line.rsplit(",", 1)[0] + f",web,{i % 2}" for i, line in enumerate(lines())]
    february[0] = "Town,count,amount,channel,good"
    without = [",".join(line.split(",")[i] for i in (0, 2, 3, 4)) for line in february]
    (project / "data/raw/02.csv").write_text("\n".join(without), encoding="utf-8")
    ran = run_here(project, "define", "clean", "split")
    assert ran.code == 0, ran.err
    assert '"count" is in 1 of 2 files' in ran.out and "80 rows in = 80 clean" in ran.out
