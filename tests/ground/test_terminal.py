"""On a terminal long lines end between words; what is to be copied, and what no person reads, stays whole."""

import io
import os
import subprocess
import sys

import pytest

from lifecycle.ground.terminal import Terminal, broken, for_people, wide
from tests.scratch import ROOT

LONG = (
    "evaluate: 1,402 test rows, log_loss 0.4242 [0.3965, 0.4520], baseline 0.5837, roc_auc 0.8411",
    '  problem.metric is empty: log_loss, the usual one for binary; "größe" has 3 different values, one of them rare',
    'error: data/raw/bakes.csv has no column "god"; did you mean "good"? set problem.target in params.yaml, then again',
    "score    log_loss 0.4242 [0.3965, 0.4520], naive baseline 0.5837, 1,402 test rows",
    "見出し: " + " ".join(["売上高"] * 20),
)


@pytest.mark.parametrize("columns", [40, 80, 100])
@pytest.mark.parametrize("line", LONG, ids=lambda line: line.split()[0])
def test_a_line_is_broken_between_words_and_loses_none(line, columns):
    lines = broken(line, columns).split("\n")
    assert [word for part in lines for word in part.split()] == line.split()
    assert max(map(wide, lines)) <= columns
    assert not any(part.endswith(" ") for part in lines)
    assert all(part.startswith(" " * 4) for part in lines[1:]), "else it looks like the next line"


def test_what_follows_a_label_stands_below_its_beginning():
    first, second = broken(LONG[3], 80).split("\n")
    assert second == " " * len("score    ") + "rows" and first.endswith("1,402 test")


@pytest.mark.parametrize(
    "line",
    [
        "release: git merge --ff-only retrain/live-1 && dvc checkout && python -m actions.release",
        "    python -m pip install --no-compile -r requirements-tools.txt -r requirements-cluster.txt",
        "\r 37%|###7      | 12/32 [00:05<00:09, 2.2 fits/s] boosting_shallow, the fold 3 of 5, 1 of 10 candidates",
        "/a/folder/whose/name/is/longer/than/eighty/columns/and/has/no/space/in/it/so/that/it/stays/whole.csv",
        "short",
        "",
    ],
)
def test_what_is_to_be_copied_or_drawn_over_stays_whole(line):
    assert broken(line, 80) == line


def test_a_remark_after_commands_is_broken_and_they_are_not():
    commands = 'commit   git add -A && git commit -m "..."'
    first, second = broken(f"{commands}      (24 files, such as data/contract.yaml)", 80).split("\n")
    assert first == f"{commands}      (24 files, such as" and second == " " * 9 + "data/contract.yaml)"


def test_a_command_within_a_sentence_is_not_broken():
    command = "`git config --global core.longpaths true`"
    line = f"models/bundle has paths that are too long for this system: {command} lets it have them"
    assert any(command in part for part in broken(line, 80).split("\n"))


def test_a_pipe_and_a_file_get_the_line_as_it_is():
    stream = io.StringIO()
    assert for_people(stream) is stream


def test_without_a_stream_or_with_a_closed_one_nothing_is_wrapped():
    assert for_people(None) is None
    stream = io.StringIO()
    stream.close()
    assert for_people(stream) is stream


def test_a_wide_label_leaves_the_text_below_it_half_of_the_terminal():
    label = "a_label_that_is_nearly_as_wide_as_all"
    lines = broken(f"{label}    " + "word " * 20, 44).rstrip().split("\n")
    assert max(map(len, lines)) <= 44 and lines[1] == " " * 22 + "word word word word"


def test_a_terminal_is_wrapped_once_and_does_all_else_as_before(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    stream = io.StringIO()
    stream.isatty = lambda: True
    people = for_people(stream)
    assert isinstance(people, Terminal) and for_people(people) is people
    print(LONG[0], file=people)
    assert stream.getvalue() == broken(LONG[0], 80) + "\n" and "\n    " in stream.getvalue()
    assert people.isatty() and people.getvalue() == stream.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_stage_s_error_is_readable_at_eighty_columns(tmp_path):
    ours, theirs = os.openpty()
    env = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    done = subprocess.run([sys.executable, "-m", "stages.define"], cwd=tmp_path, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    lines = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)
    assert done.returncode == 1 and lines[0].startswith("error: ")
    assert max(map(len, lines)) <= 80
