"""forget: one person's rows leave the log and the batches that were collected from it, and nobody else's."""

import gzip
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from actions import forget
from lifecycle.ground.errors import UserError
from lifecycle.table.formats import SUFFIXES
from lifecycle.table.read import read_raw
from service.log import PredictionLog, new_ids


@pytest.fixture
def log(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/log/p.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREDICTION_LOG", url)
    log = PredictionLog(url)
    fixed = {"time": datetime(2026, 5, 31), "version": "v1", "request": "r", "flags": "{}", "answer": "1", "label": "1"}
    people = ["Ada", "Bo", "Ada", "Cy"]
    records = [
        {**fixed, "id": id_, "row": json.dumps({"who": who})} for id_, who in zip(new_ids(4), people, strict=True)
    ]
    log.write(records)
    log.ids = [record["id"] for record in records]
    (tmp_path / "data/live").mkdir(parents=True)
    pd.DataFrame({"who": people, "__id__": log.ids}).to_parquet(tmp_path / "data/live/2026-05-31.parquet")
    yield log
    log.close()


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["forget", *arguments])
    forget.main()


def collected(tmp_path):
    return pd.read_parquet(tmp_path / "data/live/2026-05-31.parquet")["who"].tolist()


def test_by_a_cell(log, tmp_path, monkeypatch, capsys):
    run(monkeypatch, "--where", "who=Ada")
    assert log.count() == 2 and collected(tmp_path) == ["Bo", "Cy"]
    assert "2 rows of the prediction log, 2 of data/live and 0 of data/scored" in capsys.readouterr().out


def test_by_the_id_of_an_answer(log, tmp_path, monkeypatch):
    run(monkeypatch, "--id", log.ids[1], "--id", log.ids[3])
    assert log.count() == 2 and collected(tmp_path) == ["Ada", "Ada"]


def test_a_batch_of_which_nothing_is_left_is_no_batch(log, tmp_path, monkeypatch):
    run(monkeypatch, *(word for id_ in log.ids for word in ("--id", id_)))
    assert log.count() == 0 and not list((tmp_path / "data/live").iterdir())


def test_who_is_not_there_changes_no_file(log, tmp_path, monkeypatch, capsys):
    before = (tmp_path / "data/live/2026-05-31.parquet").read_bytes()
    run(monkeypatch, "--where", "who=Di")
    assert (tmp_path / "data/live/2026-05-31.parquet").read_bytes() == before and log.count() == 4
    assert "0 rows of the prediction log" in capsys.readouterr().out


HAND_MADE = {
    "plain.csv": "who,note\nAda,1\nBo,2\n Ada ,3\nCy,4\n",
    "cells of several lines.csv": 'who,note\r\nBo,"a\r\nb, c"\r\nAda,"x\r\nAda,y"\r\nCy,"z ""Ada"" z"\r\n',
    "semicolons.txt": "\ufeffwho;note\nBo;1,5\nAda;2,5\nCy;3,5\n",
    "lines.jsonl": '{"who": "Ada", "note": 1}\n{"who": "Bo", "note": 2}\n{"who": "Cy", "note": 3}\n',
}


@pytest.mark.parametrize("folder", ["data/live", "data/scored/may"])
@pytest.mark.parametrize("name", HAND_MADE)
def test_out_of_a_table_that_somebody_put_there(log, tmp_path, monkeypatch, name, folder):
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    path = tmp_path / folder / name
    path.write_bytes(HAND_MADE[name].encode())
    before = read_raw(path).frame.drop(columns="__source__")
    run(monkeypatch, "--where", "who=Ada")
    after = read_raw(path).frame.drop(columns="__source__")
    wanted = before[before["who"].str.strip() != "Ada"].reset_index(drop=True)
    pd.testing.assert_frame_equal(after, wanted)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_the_other_rows_keep_their_bytes(log, tmp_path, monkeypatch, encoding):
    rows = ["who,note\n", "Ada,Größe\n", "Bo,Straße größer\n", "Cy,über alle Maßen\n"]
    path = tmp_path / "data/live/may.csv"
    path.write_bytes("".join(rows).encode(encoding))
    run(monkeypatch, "--where", "who=Ada")
    assert path.read_bytes() == "".join(rows[:1] + rows[2:]).encode(encoding)


BY_HAND = {
    "may.csv.gz": gzip.compress(b"who,note\nAda,1\nBo,2\n"),
    "list.json": b'[{"who": "Ada", "note": 1},\n{"who": "Bo", "note": 2}]',
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_table_that_cannot_be_changed_here_is_named_and_the_others_are_done(log, tmp_path, monkeypatch, name):
    path = tmp_path / "data/live" / name
    path.write_bytes(BY_HAND[name])
    with pytest.raises(UserError, match=rf"{name} has 1 of these rows"):
        run(monkeypatch, "--where", "who=Ada")
    assert collected(tmp_path) == ["Bo", "Cy"] and path.read_bytes() == BY_HAND[name]


@pytest.mark.parametrize("arguments", [[], ["--where", "who"], ["--where", "=Ada"]])
def test_nothing_named_is_one_line_with_the_cure(log, monkeypatch, arguments):
    with pytest.raises(UserError, match="COLUMN=VALUE"):
        run(monkeypatch, *arguments)
    assert log.count() == 4


def test_it_runs_from_the_command_line():
    command = [sys.executable, "-m", "actions.forget", "--help"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and "--where" in done.stdout


@pytest.mark.parametrize("place", ["data/live/may{}", "data/live/shop/may{}"])
def test_no_live_table_is_committed_by_accident(place):
    root = Path(__file__).parents[2]
    for suffix in SUFFIXES:
        command = ["git", "check-ignore", "--quiet", "--no-index", place.format(suffix)]
        assert subprocess.run(command, cwd=root).returncode == 0, suffix
