"""Whoever is asked is told at once what an answer cannot be, and asked for that one again."""

import subprocess
import sys

import pytest

from tests.template.bake import run

ROWS = "".join(f"{i},{i % 5},{'yes' if i % 3 else 'no'}\n" for i in range(30))


@pytest.fixture
def ask(template, tmp_path, env):
    """cookiecutter with these lines typed at its questions: (the finished process, the folder it was typed in)."""

    def asked(*lines, hooks=False):
        place = tmp_path / "place"
        command = [sys.executable, "-m", "cookiecutter", template, *([] if hooks else ["--accept-hooks", "no"])]
        typed = "".join(f"{line}\n" for line in [*lines, *[""] * 12])
        here = {**env, "PWD": str(place)}
        return subprocess.run(
            list(map(str, command)), input=typed, cwd=place, env=here, capture_output=True, encoding="utf-8"
        )

    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "shop_visits.csv").write_text("age,visits,Churn\n" + ROWS)
    asked.place = tmp_path / "place"
    return asked


def test_enter_takes_the_likely_target_and_the_name_of_the_table(ask):
    done = ask("shop_visits.csv", hooks=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 rows, 3 columns" in done.stdout and "age, visits, Churn" in done.stdout
    assert 'target: "Churn"' in (ask.place / "shop-visits/params.yaml").read_text()
    assert 'to be predicted: "Churn": 2 classes, no, yes' in done.stdout


def unbroken(text):
    """What is told beside a question is broken into lines of a terminal."""
    return " ".join(text.split())


def test_a_wrong_path_is_told_before_the_next_question(ask):
    done = ask("shop_visit.csv", "shop_visits.csv")
    before = unbroken(done.stdout).partition("[2/8]")[0]
    assert 'no such file or folder; give the path of a table; did you mean "shop_visits.csv"?' in before
    assert (ask.place / "shop-visits/params.yaml").is_file()


def test_a_wrong_target_is_told_before_the_next_question(ask):
    done = ask("shop_visits.csv", "visit", "visits")
    before = unbroken(done.stdout).partition("[3/8]")[0]
    assert 'no column "visit" in its header; did you mean "visits"?' in before
    assert 'target: "visits"' in (ask.place / "shop-visits/params.yaml").read_text()


def test_a_folder_that_is_there_is_told_before_all_is_answered(ask):
    (ask.place / "shop-visits").mkdir()
    done = ask("shop_visits.csv", "", "", "", "", "visits-2")
    assert '"shop-visits" is there already' in unbroken(done.stdout).partition("[7/8]")[0]
    assert (ask.place / "visits-2/params.yaml").is_file()


def test_an_example_needs_no_table(ask):
    ask("")
    assert 'target: "good"' in (ask.place / "bakery/params.yaml").read_text()


def test_cruft_asks_the_same(template, ask, env):
    typed = "shop_visit.csv\nshop_visits.csv\n" + "\n" * 12
    done = subprocess.run(
        [sys.executable, "-m", "cruft", "create", str(template)],
        input=typed, cwd=ask.place, env={**env, "PWD": str(ask.place)}, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert 'did you mean "shop_visits.csv"?' in unbroken(done.stdout).partition("[2/8]")[0], done.stderr
    assert run("git", "status", "--porcelain", cwd=ask.place / "shop-visits", env=env).stdout == "?? .cruft.json\n"
