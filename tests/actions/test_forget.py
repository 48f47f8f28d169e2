"""forget: one person's rows leave the log and the batches that were collected from it, and nobody else's."""

import json
import subprocess
import sys
from datetime import datetime

import pandas as pd
import pytest

from actions import forget
from lifecycle.ground.errors import UserError
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
    assert "2 rows of the prediction log and 2 of" in capsys.readouterr().out


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


@pytest.mark.parametrize("arguments", [[], ["--where", "who"], ["--where", "=Ada"]])
def test_nothing_named_is_one_line_with_the_cure(log, monkeypatch, arguments):
    with pytest.raises(UserError, match="COLUMN=VALUE"):
        run(monkeypatch, *arguments)
    assert log.count() == 4


def test_it_runs_from_the_command_line():
    command = [sys.executable, "-m", "actions.forget", "--help"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and "--where" in done.stdout
