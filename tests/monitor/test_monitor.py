"""monitor: what it says of live rows that are as before, faulty, changed, or answered otherwise by the world."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.here import run_here
from tests.watched import rows, write_bundle

TASKS = ("binary", "multiclass", "regression")


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


@pytest.fixture
def place(tmp_path, task):
    return write_bundle(tmp_path, task)


@pytest.fixture
def binary(tmp_path):
    return write_bundle(tmp_path, "binary")


def watch(folder, **batches):
    """monitoring.json after these batches (frame or text) came."""
    for name, batch in batches.items():
        path = folder / f"data/live/{name}.csv"
        path.write_text(batch if isinstance(batch, str) else batch.to_csv(index=False), encoding="utf-8")
    done = run_here(folder, "monitor")
    assert done.code == 0, done.err
    return json.loads((folder / "reports/monitoring.json").read_text("utf-8"))


def change(folder, **values):
    params = yaml.safe_load((folder / "params.yaml").read_text("utf-8"))
    params["monitor"] |= values
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def alarms(result):
    return {c["name"]: c for c in result["checks"] if c["verdict"] != "ok"}


# ---- nothing is wrong ---------------------------------------------------------------------------------------


def test_no_live_data_is_said_and_costs_nothing(binary):
    result = watch(binary)
    assert result["verdict"] == "no data" and "no live data" in result["reasons"][0]
    assert "no live data" in (binary / "reports/monitoring.html").read_text("utf-8")


def test_no_bundle_is_said(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    (folder / "models/bundle/model.joblib").unlink()
    assert "no model to watch" in watch(folder, a=rows("binary", 50, 3))["reasons"][0]


def test_rows_as_before_raise_no_alarm_with_labels_or_without(place, task):
    live = rows(task, 500, 3)
    result = watch(place, a=live)
    assert result["verdict"] == "ok", result["reasons"]
    assert (
        result["live_labelled"] == 500
        and abs(result["live_measured"] - result["about"][0]["released"]) < 0.3 * result["live_measured"]
    )
    result = watch(place, a=live.drop(columns="target"))
    assert result["verdict"] == "ok" and result["live_labelled"] == 0
    assert "live_measured" not in result and "live_estimated" in result


def test_too_few_rows_are_said_to_be_too_few(binary):
    result = watch(binary, a=rows("binary", 20, 3))
    assert result["verdict"] == "ok" and "only 20 live rows" in result["reasons"][0]
    assert "live_auc" not in result


def test_dirt_as_in_any_log_is_no_alarm(binary):
    text = rows("binary", 400, 3).to_csv(index=False).splitlines()
    text[5] += ",one cell too many"
    text[9] = "12,5," + text[9].split(",", 1)[1].replace("north", "NORTH ")
    text[30] = "hot," + text[30].split(",", 1)[1]
    result = watch(binary, a="\n".join(text))
    assert result["verdict"] == "ok", result["reasons"]


def test_the_same_input_gives_the_same_bytes(binary):
    watch(binary, a=rows("binary", 300, 3))
    before = [(binary / f"reports/monitoring.{kind}").read_bytes() for kind in ("json", "html")]
    watch(binary)
    assert before == [(binary / f"reports/monitoring.{kind}").read_bytes() for kind in ("json", "html")]


# ---- the data is faulty -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("missing cells", lambda f: f.assign(place=f["place"].where(f.index % 5 > 0))),
        ("unseen categories", lambda f: f.assign(place=f["place"].where(f.index % 10 > 0, "the moon"))),
        ("out of range", lambda f: f.assign(signal=f["signal"].where(f.index % 10 > 0, 99))),
        ("type faults", lambda f: f.assign(signal=f["signal"].astype(object).where(f.index % 10 > 0, "hot"))),
        ("copied rows", lambda f: pd.concat([f.head(350), f.head(50)])),
        ("column is there", lambda f: f.drop(columns="member")),
        ("newest row", lambda f: f.assign(day="2023-01-01")),
    ],
)
def test_a_fault_in_the_data_is_named(binary, name, spoil):
    result = watch(binary, a=spoil(rows("binary", 400, 3)).drop(columns="target"))
    assert result["verdict"] != "ok"
    assert name in alarms(result), result["reasons"]
    assert alarms(result)[name]["why"] and alarms(result)[name]["expected"]


def test_a_batch_that_cannot_be_read_is_a_finding_and_the_rest_is_watched(binary):
    result = watch(binary, a=rows("binary", 300, 3), b="", c="other,columns\n1,2\n3,4\n")
    assert result["live_rows"] == 300
    assert "b.csv is empty" in alarms(result)["batches can be read"]["why"]
    assert "c.csv has none of the contract's columns" in alarms(result)["batches can be read"]["why"]


def test_a_batch_much_smaller_than_usual_is_a_finding(binary):
    parts = {name: rows("binary", n, i) for i, (name, n) in enumerate([("a", 300), ("b", 290), ("c", 310), ("d", 40)])}
    assert "rows in the newest batch" in alarms(watch(binary, **parts))


def test_age_is_measured_up_to_a_date_that_is_given(binary):
    change(binary, as_of="2024-12-31")
    old = alarms(watch(binary, a=rows("binary", 300, 3)))["newest row"]
    assert re.search(r"\d+ days old", old["why"])
    change(binary, as_of="2024-10-16")
    assert "newest row" not in alarms(watch(binary))
    change(binary, as_of="someday")
    ran = run_here(binary, "monitor")
    assert ran.code == 1 and ran.err.count("\n") == 1
    assert "params.yaml: monitor.as_of is 'someday'; it takes a date such as 2026-05-31" in ran.err


def test_a_parquet_batch_is_read_like_its_csv(binary):
    live = rows("binary", 300, 3)
    from_csv = watch(binary, a=live)
    (binary / "data/live/a.csv").unlink()
    live.assign(__id__="x", __p_0__=0.5).to_parquet(binary / "data/live/a.parquet")
    from_parquet = watch(binary)
    assert [c["measured"] for c in from_parquet["checks"]] == [c["measured"] for c in from_csv["checks"]]


# ---- the world changed --------------------------------------------------------------------------------------


def test_a_shifted_column_is_seen_in_it_in_the_rows_and_in_the_predictions(place, task):
    live = rows(task, 500, 3)
    result = watch(place, a=live.assign(signal=live["signal"] + 1).drop(columns="target"))
    found = alarms(result)
    assert {"column distribution", "whole rows", "prediction distribution"} <= set(found), result["reasons"]
    assert found["column distribution"]["column"] == "signal"
    assert result["drifted_columns"] == 1


def test_a_relation_with_the_target_that_turned_is_seen_only_with_labels(place, task):
    """Concept drift: the same rows end otherwise."""
    live = rows(task, 500, 3)
    live["target"] = 200 - live["target"] if task == "regression" else live["target"].sort_values().to_numpy()
    assert watch(place, a=live.drop(columns="target"))["verdict"] == "ok"
    result = watch(place, a=live)
    assert result["verdict"] == "retrain"
    assert "real performance" in alarms(result)


def test_a_class_that_came_oftener_than_expected_is_seen_though_the_score_rose(binary):
    """As with late flights in September, of which there are fewer: a model that expects too many scores better."""
    live = rows("binary", 900, 3)
    live["target"] = live["target"].where(live["signal"] < 0, "yes")
    result = watch(binary, a=live)
    assert result["verdict"] == "retrain" and "outcomes as expected" in alarms(result)
    assert result["live_measured"] < result["about"][0]["released"]


def test_an_estimate_never_vetoes(binary):
    """The estimate says that all is well; labels say that it is not: retrain."""
    live = rows("binary", 500, 3)
    live["target"] = live["target"].map({"yes": "no", "no": "yes"})
    result = watch(binary, a=live)
    estimate = next(c for c in result["checks"] if c["family"] == "estimate")
    assert estimate["verdict"] == "ok" and result["verdict"] == "retrain"


def test_decisions_are_judged_at_the_model_s_own_threshold(binary):
    """At a threshold that no answer reaches f1 is 0, whatever the probabilities are."""
    told = json.loads((binary / "models/bundle/candidate.json").read_text())
    contract = (binary / "models/bundle/contract.yaml").read_text()
    (binary / "models/bundle/contract.yaml").write_text(contract.replace("metric: log_loss", "metric: f1"))
    live = rows("binary", 500, 3)
    scores = []
    for threshold in (0.5, 0.4, 1.1):
        facts = told | {"threshold": {"value": threshold}}
        (binary / "models/bundle/candidate.json").write_text(json.dumps(facts))
        result = watch(binary, a=live)
        scores.append((result["about"][0]["released"], result["live_measured"], result["live_estimated"]))
    assert min(scores[0]) > 0.5 and scores[0] != scores[1] and scores[2] == (0, 0, 0)


def test_the_newest_batch_speaks_for_itself(binary):
    good, bad = rows("binary", 900, 3), rows("binary", 120, 4)
    bad["target"] = np.random.default_rng(1).permutation(bad["target"])
    bad["day"] = "2025-03-01"
    assert "real performance, newest batch" in alarms(watch(binary, a_old=good, b_new=bad))


def test_outcomes_that_moved_lately_are_not_hidden_by_those_before(binary):
    old, new = rows("binary", 900, 3), rows("binary", 150, 4)
    new["target"] = new["target"].where(new["signal"] < -0.4, "yes")
    new["day"] = "2025-03-01"
    found = alarms(watch(binary, a_old=old, b_new=new))
    assert "outcomes as expected, newest batch" in found and "outcomes as expected" not in found


def test_rules_decide_what_an_alarm_leads_to(binary):
    live = rows("binary", 500, 3)
    live = live.assign(signal=live["signal"] + 1).drop(columns="target")
    rules = yaml.safe_load((binary / "params.yaml").read_text("utf-8"))["monitor"]["rules"]
    assert watch(binary, a=live)["verdict"] == "warn"
    change(binary, rules=rules | {"columns": "retrain"})
    assert watch(binary)["verdict"] == "retrain"
    change(binary, rules=dict.fromkeys(rules, "ok"))
    assert watch(binary)["verdict"] == "ok"


def test_drift_is_no_more_than_a_warning_where_labels_show_that_the_model_holds(binary):
    live = rows("binary", 900, 3)
    live["noise"] += 3  # the model does not look at it
    change(binary, far_auc=0.6)
    assert watch(binary, a=live.drop(columns="target"))["verdict"] == "retrain"
    result = watch(binary, a=live)
    assert result["verdict"] == "warn"
    assert "labels show" in alarms(result)["whole rows"]["why"]


def test_the_newest_rows_are_looked_at(binary):
    change(binary, window_rows=200)
    old, new = rows("binary", 300, 3), rows("binary", 200, 4)
    old["signal"] += 3
    new["day"] = "2025-03-01"
    result = watch(binary, b_old=old, a_new=new)
    assert result["live_rows"] == 200 and result["verdict"] == "ok", result["reasons"]


def test_rows_that_training_has_taken_are_left_out(binary):
    live = rows("binary", 400, 3)
    (binary / "data/raw").mkdir()
    live.head(300).to_csv(binary / "data/raw/live-12345678.csv", index=False)
    result = watch(binary, a=live)
    assert [(b["rows"], b["taken"], b["looked_at"]) for b in result["batches"]] == [(400, 300, 100)]
    assert result["live_rows"] == 100
    assert "300 rows that training has since taken" in str(result["checks"])


# ---- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"), [("false_alarms", "often"), ("min_auc", 0.2), ("window_rows", 0), ("rules", {"quality": "panic"})]
)
def test_a_wrong_parameter_is_one_line(binary, key, value):
    change(binary, **{key: value})
    (binary / "data/live/a.csv").write_text(rows("binary", 50, 3).to_csv(index=False))
    done = run_here(binary, "monitor")
    assert done.code == 1 and done.err.startswith("error: params.yaml") and done.err.count("\n") == 1, done.err


def test_the_page_loads_nothing_and_escapes_what_came(binary):
    live = rows("binary", 300, 3)
    live["place"] = live["place"].where(live.index % 3 > 0, "<script>alert(1)</script>")
    watch(binary, a=live)
    page = (binary / "reports/monitoring.html").read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!#)', page) and 'class="dots"' in page


def test_dvc_shows_the_verdict_and_no_list(binary):
    from dvc.repo.metrics.show import _extract_metrics

    result = watch(binary, a=rows("binary", 300, 3))
    shown = _extract_metrics(result, "reports/monitoring.json")
    assert set(shown) == {
        "verdict",
        "live_rows",
        "live_labelled",
        "alarms",
        "drifted_columns",
        "live_auc",
        "live_estimated",
        "live_measured",
    }
