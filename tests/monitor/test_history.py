"""The course of time: what each batch was, kept when the batch is gone; and the picture of what changed."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import write_json
from lifecycle.monitor.history import HISTORY, merged, read_history, records, timeline, write_history
from lifecycle.monitor.pictures import levels, numbers
from tests.here import run_here
from tests.watched import ROOT, rows, write_bundle


@pytest.fixture(params=["binary", "multiclass", "regression"])
def task(request):
    return request.param


def watch(folder, **batches):
    for name, batch in batches.items():
        (folder / f"data/live/{name}.csv").write_text(batch.to_csv(index=False), encoding="utf-8")
    done = run_here(folder, "monitor")
    assert done.code == 0, done.err
    return json.loads((folder / "reports/monitoring.json").read_text("utf-8"))


def record(batch, model="m1", **known):
    empty = dict.fromkeys(("score", "low", "high", "estimated", "predicted", "outcome", "drifted"))
    texts = {"from": "", "to": "", "version": f"v-{model}", "metric": "rmse"}
    return {"batch": batch, "model": model, "rows": 10, "looked_at": 10, "labelled": 0} | texts | empty | known


def test_each_batch_has_its_score_its_estimate_and_what_came_of_it(tmp_path, task):
    folder = write_bundle(tmp_path, task)
    result = watch(folder, a=rows(task, 300, 3), b=rows(task, 300, 4).drop(columns="target"))
    a, b = result["batches"]
    assert a["low"] <= a["score"] <= a["high"] and "score" not in b
    assert abs(a["estimated"] - a["score"]) < 0.3 * a["score"] and b["drifted"] == 0
    assert a["from"].startswith("2024-") and a["from"] <= a["to"]
    assert a["outcome"] == pytest.approx(a["predicted"], rel=0.25)
    kept = records(result)
    assert [one["batch"] for one in kept] == ["a.csv", "b.csv"] and kept[0]["score"] == a["score"]


def test_a_batch_that_changed_says_so_for_itself(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    odd = rows("binary", 300, 4)
    odd["signal"] += 2
    assert [b["drifted"] for b in watch(folder, a=rows("binary", 300, 3), b=odd)["batches"]] == [0, 1]


def test_a_batch_too_small_to_be_judged_is_counted(tmp_path):
    (batch,) = watch(write_bundle(tmp_path, "binary"), a=rows("binary", 20, 3))["batches"]
    assert batch["rows"] == 20 and "estimated" not in batch and "score" not in batch


def test_what_is_written_is_read_again(tmp_path):
    history = [
        record('a, "b".csv', score=0.12345, drifted=2, **{"from": "2026-01-01", "to": "2026-01-31"}),
        record("c"),
    ]
    write_history(history, tmp_path / "h.csv")
    assert read_history(tmp_path / "h.csv") == merged(history)


def test_lines_of_two_branches_may_stand_one_after_the_other(tmp_path):
    path = tmp_path / "h.csv"
    write_history([record("a")], path)
    text = path.read_text()
    write_history([record("b")], path)
    path.write_text(text + path.read_text())
    assert [one["batch"] for one in read_history(path)] == ["a", "b"]


@pytest.mark.parametrize("text", ["batch,rows\na,1\n", "<<<<<<< HEAD\n"])
def test_another_file_in_its_place_is_one_line_with_the_cure(tmp_path, text):
    (tmp_path / "h.csv").write_text(text)
    with pytest.raises(UserError, match="git checkout"):
        read_history(tmp_path / "h.csv")


def test_a_spoiled_line_is_one_line_with_the_cure(tmp_path):
    write_history([record("a")], tmp_path / "h.csv")
    with (tmp_path / "h.csv").open("a") as file:
        file.write("b,,,v1,m1,rmse,many,1,1,1,,,,,,\n")
    with pytest.raises(UserError, match="line 3"):
        read_history(tmp_path / "h.csv")


def test_the_last_look_at_a_batch_counts_for_each_model():
    both = merged([record("a", score=1.0)], [record("a", score=2.0), record("a", "m2", score=3.0)])
    assert [(one["model"], one["score"]) for one in both] == [("m1", 2.0), ("m2", 3.0)]


def test_a_batch_stands_once_as_the_model_of_its_time_saw_it():
    history = [record("1", score=0.1), record("2")]
    now = [record("1", "m2", score=0.5), record("2", "m2", score=0.6), record("3", "m2")]
    line = timeline(history, now)
    assert [(one["batch"], one["model"], one["score"]) for one in line] == [
        ("1", "m1", 0.1),
        ("2", "m2", 0.6),  # only a later look had its labels
        ("3", "m2", None),
    ]


def test_time_goes_by_dates_where_there_are_any():
    line = timeline([record("z", **{"from": "2026-01-01"}), record("a", **{"from": "2026-02-01"})], [])
    assert [one["batch"] for one in line] == ["z", "a"]


def test_the_page_shows_batches_that_are_gone_and_where_a_release_was(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    result = watch(folder, june=rows("binary", 200, 3), july=rows("binary", 200, 4))
    old = [
        one | {"model": "0123456789ab", "version": "v1.0.0", "from": "", "batch": f"1999-{one['batch']}"}
        for one in records(result)
    ]
    write_history(old, folder / HISTORY)
    assert json.dumps(watch(folder)) == json.dumps(result), "what was found is about what is there"
    page = (folder / "reports/monitoring.html").read_text("utf-8")
    assert "4 batches" in page and "1999-june.csv" in page and page.count(">v1.0.0</em>") == 4


def test_a_column_that_raised_an_alarm_is_drawn_once_and_each_alarm_stands_once(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    odd = rows("binary", 400, 4)
    odd["signal"] = (odd["signal"] + 2).where(odd.index % 4 > 0)
    odd["place"] = odd["place"].where(odd.index % 3 > 0, "elsewhere")
    result = watch(folder, a=odd)
    titles = [picture["title"] for picture in result["pictures"]]
    assert {"signal", "place", "Predicted probability of yes"} == set(titles) and len(titles) == 3
    page = (folder / "reports/monitoring.html").read_text("utf-8")
    for check in (check for check in result["checks"] if check["verdict"] != "ok"):
        assert page.count(check["why"].replace('"', "&#34;").replace("'", "&#39;")) == 1, check["why"]
    assert [page.count(f"<b>{title}</b>") for title in titles] == [1, 1, 1]


def test_both_sides_are_shares_of_their_own_rows_and_missing_cells_are_told():
    before, now = pd.Series([1.5] * 50 + [2.5] * 50), pd.Series([2.5] * 20 + [None] * 5)
    picture = numbers(before, now)
    assert picture["bars"] == [{"name": "1.5", "shares": [0.5, 0.0]}, {"name": "2.5", "shares": [0.5, 1.0]}]
    assert picture["live"] == {"rows": 25, "missing": 0.2, "median": 2.5, "mean": 2.5}


def test_values_far_out_stand_in_the_last_bar_and_do_not_squeeze_the_others():
    rng = np.random.default_rng(0)
    picture = numbers(pd.Series(rng.normal(size=1000)), pd.Series([*rng.normal(size=1000), 1e9]))
    assert picture["range"][1] < 10 and sum(bar["shares"][1] for bar in picture["bars"]) == pytest.approx(1, abs=1e-3)


def test_levels_that_moved_are_shown_and_the_others_together():
    before = pd.Series([f"level {i % 40}" for i in range(400)])
    now = pd.Series([*before, *["new"] * 100])
    bars = levels(before, now)["bars"]
    assert len(bars) == 11 and bars[-1]["name"] == "31 others"
    assert {"name": "new", "shares": [0.0, 0.2]} in bars


@pytest.mark.parametrize("values", [[], [None, None], [float("inf"), 1.0]])
def test_a_side_without_values_is_drawn_as_nothing(values):
    picture = numbers(pd.Series(values, dtype=float), pd.Series([1.0, 2.0]))
    assert picture["reference"]["rows"] == len(values)


def test_the_page_says_of_which_project_version_and_commit_the_model_is(tmp_path):
    folder = write_bundle(tmp_path, "binary", place="models/champion/bundle")
    page = looked_at(folder, june=rows("binary", 200, 3))
    assert "not released yet" in page
    write_json(folder / "models/champion/version.json", {"project": "loaves", "version": "v1.0.0", "commit": "c0ffee"})
    page = looked_at(folder)
    assert all(f"<dd>{fact}" in page for fact in ("loaves", "v1.0.0", "c0ffee")) and "not released" not in page


def looked_at(folder, **batches):
    watch(folder, **batches)
    return (folder / "reports/monitoring.html").read_text("utf-8")


def test_a_look_needs_no_history_and_dvc_no_file_that_may_be_missing(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    assert "4 batches" not in looked_at(folder, june=rows("binary", 200, 3)) and not (folder / HISTORY).exists()
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]["monitor"]
    assert HISTORY.parent.as_posix() in stage["deps"] and HISTORY.as_posix() not in stage["deps"]
    assert (ROOT / HISTORY.parent / "README.md").exists(), "Git keeps no empty folder"
