"""Generation reads a table as `define` does, and refuses what that would, with the standard library alone."""

import gzip
import subprocess
import sys

import pytest

from hooks.answers import Refused, Table, check_data, name_of
from lifecycle.ground.errors import UserError
from lifecycle.table.read import read_raw
from tests.scratch import ROOT
from tests.table.tables_as_text import lines

TABLE = lines()
SHOULD_READ = {
    "titles": ["Report of May", "", *TABLE],
    "a total": [*TABLE, "Total,,,"],
    "notes": [*TABLE, "Source: own", "and a remark that nobody reads", "one more", "one more", "one more"],
    "units": [TABLE[0], "[-],[n],[EUR],[-]", *TABLE[1:]],
    "carets": lines(delimiter="^"),
    "a few broken lines": [*TABLE[:20], "a,b", "c,d", *TABLE[20:]],
}
SHOULD_REFUSE = {
    "no rows": TABLE[:1],
    "few rows": TABLE[:13],
    "no names": TABLE[1:],
    "many broken lines": [line + ",x" if at % 9 == 1 else line for at, line in enumerate(TABLE)],
    "one column": [line.split(",")[0] for line in TABLE],
    "a page": ["<!doctype html>", "<p>gone</p>"],
    "merged heads": [",spring,,summer,", "site,good,kg,good,kg", *(f"S,{i},1,{i},2" for i in range(40))],
}


def refusal(data, target: str) -> str | None:
    """What generation says against the table, or None."""
    try:
        check_data(str(data), target)
    except Refused as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("name", SHOULD_READ)
def test_what_define_reads_the_hook_accepts(tmp_path, name):
    (tmp_path / "t.csv").write_text("\n".join(SHOULD_READ[name]) + "\n", encoding="utf-8")
    assert len(read_raw(tmp_path, target="good").frame) == 40
    assert refusal(tmp_path / "t.csv", "good") is None
    assert refusal(tmp_path, "good") is None


@pytest.mark.parametrize("name", SHOULD_REFUSE)
def test_what_define_refuses_the_hook_refuses_in_a_line(tmp_path, name):
    (tmp_path / "t.csv").write_text("\n".join(SHOULD_REFUSE[name]) + "\n", encoding="utf-8")
    said = refusal(tmp_path / "t.csv", "good")
    assert said and "t.csv" in said and said.isprintable()
    try:
        raw = read_raw(tmp_path, target="good")
    except UserError as error:
        assert str(error).split(" ", 1)[1][:40] in said
    else:
        assert len(raw.frame) < 20


def test_a_packed_table_is_looked_into(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress("\n".join(TABLE).encode()))
    assert refusal(tmp_path / "t.csv.gz", "good") is None
    assert 'no column "god" in its header; did you mean "good"?' in refusal(tmp_path / "t.csv.gz", "god")


def test_a_name_that_a_terminal_would_obey_is_shown_written_out(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["a\x1b[2J," + TABLE[0], *(f"1,{row}" for row in TABLE[1:])]))
    assert r"a\x1b[2J, town" in refusal(tmp_path / "t.csv", "zzzzz")


def test_the_checks_need_the_standard_library_alone(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import hooks.answers"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def written(folder, header: str, row) -> Table:
    (folder / "t.csv").write_text("\n".join([header, *(row(i) for i in range(30))]) + "\n", encoding="utf-8")
    return Table(str(folder / "t.csv"))


def test_a_column_called_as_targets_are_is_suggested(tmp_path):
    assert written(tmp_path, "a,Is_Fraud,c", lambda i: f"{i},{i % 2},x").likely_target() == "Is_Fraud"


def test_else_the_last_column_where_it_has_the_few_values_of_classes(tmp_path):
    assert (
        written(tmp_path, "a,b,weather", lambda i: f"{i},{i},{'sun' if i % 3 else 'rain'}").likely_target() == "weather"
    )


def test_else_none(tmp_path):
    assert written(tmp_path, "a,b,c", lambda i: f"{i},{i},{i}").likely_target() == ""


def test_what_was_read_is_told(tmp_path):
    assert written(tmp_path, "a,b", lambda i: f"{i},x").told() == "30 rows, 2 columns"
    assert Table(str(tmp_path / "t.csv"), "b").told_target() == '"b": 1 classes, x'


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("telco_churn.csv.gz", "Telco churn"),
        ("/data/House-Prices/", "House Prices"),
        (r"C:\data\x.csv", "X"),
        ("https://example.org/files/wine%20quality.csv?download=1", "Wine quality"),
    ],
)
def test_a_project_is_called_as_its_table(data, name):
    assert name_of(data) == name
