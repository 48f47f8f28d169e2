"""evaluate finds what is known to be in a small table: what the model uses, where it fails, and how sure that is."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from lifecycle.evaluate import curves, explain
from lifecycle.ground.errors import UserError
from lifecycle.ground.files import write_parquet, write_yaml
from lifecycle.ground.words import as_scores
from stages import evaluate
from tests.settings import settings
from tests.small_model import CLASSES, PARAMS, SETTINGS, fitted, table, terms, write_candidate

TASKS = ["binary", "multiclass", "regression"]


@pytest.fixture(scope="module", params=TASKS)
def evaluated(request):
    task = request.param
    return task, evaluate.evaluate(fitted(task), terms(task), table(task, 600, seed=2), SETTINGS)


def test_the_model_is_shown_to_beat_the_baseline(evaluated):
    _, result = evaluated
    score = result["score"]
    assert score["gain"]["low"] > 0
    assert score["low"] <= score["value"] <= score["high"] < score["baseline"]


def test_importance_puts_the_column_that_decides_first_and_noise_at_nothing(evaluated):
    _, result = evaluated
    found = {row["column"]: row for row in result["importance"]}
    assert result["importance"][0]["column"] == "signal"
    assert found["signal"]["low"] > 0
    assert found["noise"]["importance"] == found["day"]["importance"] == 0  # the model does not use them
    assert set(found) == {"signal", "noise", "place", "member", "day", "remark"}


def test_a_column_that_matters_has_positive_importance_where_greater_is_better_too():
    result = evaluate.evaluate(fitted("binary"), terms("binary", "roc_auc"), table("binary", 300, seed=2), SETTINGS)
    assert result["importance"][0]["column"] == "signal"
    assert 0 < result["importance"][0]["low"] < result["importance"][0]["importance"] < result["importance"][0]["high"]


def test_the_slice_where_the_target_is_random_is_the_worst_of_its_column(evaluated):
    _, result = evaluated
    places = {s["level"]: s for s in result["slices"] if s["column"] == "place"}
    assert set(places) == {"north", "south", "west"}
    assert places["south"]["low"] > max(places["north"]["high"], places["west"]["high"])
    assert sum(s["n"] for s in places.values()) == result["n_rows"]


def test_slices_are_levels_quartiles_booleans_months_and_missing(evaluated):
    _, result = evaluated
    levels = {}
    for one in result["slices"]:
        levels.setdefault(one["column"], []).append(one["level"])
    assert len(levels["signal"]) == 4
    assert levels["signal"][0].startswith("to -")
    assert levels["noise"][-1] == "(missing)"
    assert levels["member"] == ["false", "true"]
    assert levels["day"] == ["2024-01", "2024-02", "2024-03"]
    assert "remark" not in levels


def test_worst_errors_are_wrong_rows_with_their_source_line(evaluated):
    task, result = evaluated
    frame = table(task, 600, seed=2).set_index("__source__")
    assert len(result["worst"]) == PARAMS["worst"]
    for row in result["worst"]:
        assert frame.loc[row["source"], "target"] == row["actual"] != row["predicted"]
        assert row["cells"]["signal"] == frame.loc[row["source"], "signal"]
        assert row["cells"]["member"] is bool(frame.loc[row["source"], "member"])
        assert row["cells"]["day"] == str(frame.loc[row["source"], "day"].date())
    size = [abs(row["error"]) if task == "regression" else -row["probability"] for row in result["worst"]]
    assert size == sorted(size, reverse=True)


def test_partial_dependence_rises_with_the_column_that_decides(evaluated):
    task, result = evaluated
    first = result["partial_dependence"][0]
    assert first["column"] == "signal"
    rising = next(line for line in first["lines"] if line["class"] in ("yes", "c", ""))
    assert np.all(np.diff(rising["mean"]) > 0)
    assert all(f["column"] != "remark" for f in result["partial_dependence"])
    assert len(first["lines"]) == {"binary": 1, "multiclass": 3, "regression": 1}[task]


def test_the_declared_plots_have_the_declared_columns_for_every_task(evaluated):
    _, result = evaluated
    with open("dvc.yaml", encoding="utf-8") as file:
        plots = yaml.safe_load(file)["stages"]["evaluate"]["plots"]
    declared = {path: options for plot in plots for path, options in plot.items() if path.endswith(".csv")}
    assert len(declared) == 4
    for path, options in declared.items():
        drawn = result["plots"][path.split("/")[-1].removesuffix(".csv")]
        assert {options["x"], options["y"]} <= set(drawn.columns)
        assert len(drawn)


def test_confusion_counts_every_row_and_curves_rise_from_nothing_to_all(evaluated):
    task, result = evaluated
    assert len(result["plots"]["confusion"]) == 600
    y = result["plots"]["curve"]["y"].to_numpy()
    assert np.all(np.diff(y) >= 0)
    assert y[0] == 0
    assert y[-1] == (0.99 if task == "regression" else 1)
    assert result["plots"]["calibration"]["n"].sum() == 600


def test_metrics_of_decided_classes_follow_the_models_own_decision():
    model = fitted("binary")
    model.decide = lambda p: np.array(["yes"] * len(p), dtype=object)  # as with a very low threshold
    result = evaluate.evaluate(model, terms("binary"), table("binary", 200, seed=2), SETTINGS)
    assert result["metrics"]["recall"]["value"] == 1
    assert result["plots"]["confusion"]["predicted"].unique().tolist() == ["yes"]
    assert {row["predicted"] for row in result["worst"]} == {"yes"}
    assert result["metrics"]["roc_auc"]["value"] > 0.7  # of the probabilities, which are as they were


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rows", [1, 5])
def test_a_handful_of_rows_of_one_class_is_scored_as_far_as_it_goes(task, rows):
    test = table(task, 200, seed=3)
    test = test[test["target"] == test["target"].iloc[0]].head(rows) if CLASSES[task] else test.head(rows)
    metric = "r2" if task == "regression" else "roc_auc"
    result = evaluate.evaluate(fitted(task), terms(task, metric), test.reset_index(drop=True), SETTINGS)
    assert result["n_rows"] == len(test)
    if CLASSES[task] or rows == 1:
        assert np.isnan(result["score"]["value"])
    assert np.isfinite(result["metrics"]["rmse" if task == "regression" else "log_loss"]["value"])
    assert result["slices"] == []


def test_a_class_that_no_test_row_has_does_not_stop_it():
    test = table("multiclass", 200, seed=3).query("target != 'b'").reset_index(drop=True)
    result = evaluate.evaluate(fitted("multiclass"), terms("multiclass"), test, SETTINGS)
    assert result["class_rows"][1] == 0
    assert np.isfinite(result["score"]["value"])


def test_a_class_that_the_contract_lacks_is_named():
    test = table("binary", 50, seed=3)
    test.loc[7, "target"] = "perhaps"
    with pytest.raises(UserError, match='data/test.parquet has class "perhaps" of "target"'):
        evaluate.evaluate(fitted("binary"), terms("binary"), test, SETTINGS)


def test_a_model_that_answers_nan_is_refused_with_the_first_such_row():
    model = fitted("regression")
    model.predictions = lambda frame: np.where(frame.index == 3, np.nan, 1.0)
    with pytest.raises(UserError, match=r"no number for 1 of 50 rows \(first: rows.csv:5\)"):
        evaluate.evaluate(model, terms("regression"), table("regression", 50, seed=3), SETTINGS)


def test_importance_of_a_wide_table_asks_the_model_for_a_bounded_number_of_rows():
    asked = []

    def answer(frame):
        asked.append(len(frame))
        return np.zeros(len(frame))

    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(3000, 800)), columns=[f"c{i}" for i in range(800)])
    params = settings("evaluate", importance_rows=2000, importance_repeats=5, n_bootstrap=20)
    explain.permutation_importance(
        answer, wide, list(wide), "rmse", np.zeros(3000), None, params, lambda columns: columns
    )
    assert sum(asked) <= 1.01 * explain.ROW_PREDICTIONS


def test_rows_weigh_in_every_score_as_often_as_their_weight_says():
    times = {"name": "times", "role": "weight", "type": "number", "missingValues": [""], "constraints": {}}
    told = terms("binary", fields=[times])
    frame = table("binary", 300, seed=2)
    times = np.random.default_rng(1).integers(0, 3, len(frame))
    model, params = fitted("binary"), settings("evaluate", **PARAMS | {"min_slice_rows": 2})
    weighed = evaluate.evaluate(model, told, frame.assign(times=times.astype(float)), params)
    again = frame.loc[frame.index.repeat(times)].reset_index(drop=True)
    repeated = evaluate.evaluate(model, terms("binary"), again, params)
    for name, one in weighed["metrics"].items():
        other = repeated["metrics"][name]
        assert (one["value"], one["baseline"]) == pytest.approx((other["value"], other["baseline"]), nan_ok=True), name
    plain = evaluate.evaluate(model, terms("binary"), frame, params)
    assert weighed["score"]["value"] != pytest.approx(plain["score"]["value"], rel=1e-3)
    assert weighed["score"]["low"] < weighed["score"]["value"] < weighed["score"]["high"]

    def slices(result):  # quartiles have other bounds where rows repeat
        return {(s["column"], s["level"]): s["score"] for s in result["slices"] if s["column"] in ("place", "member")}

    assert slices(weighed) == pytest.approx(slices(repeated))


def test_a_file_of_many_test_rows_stays_small_enough_for_git():
    counts = np.array([[150_000, 30], [2, 50_000]])
    pairs = curves.rows_of(counts, 5_000)
    assert len(pairs) == pytest.approx(5_000, abs=4)
    assert pairs.count((1, 0)) == 1  # a rare cell does not vanish


def test_classes_beyond_the_limit_become_one_and_no_row_is_lost():
    actual = np.repeat(np.arange(60), 10)
    counts, labels = curves.confusion(actual, actual[::-1], [f"class {i}" for i in range(60)], 20)
    assert counts.shape == (20, 20)
    assert counts.sum() == 600
    assert labels[-1] == "41 others"


@pytest.fixture
def project(tmp_path, monkeypatch, request):
    task = request.param
    write_candidate(tmp_path, task)
    write_parquet(tmp_path / "data/test.parquet", table(task, 300, seed=2))
    write_yaml(tmp_path / "data/contract.yaml", terms(task).write())
    write_yaml(tmp_path / "params.yaml", {"evaluate": PARAMS, "engine": {"n_jobs": 1, "scheduler": ""}})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("project", TASKS, indirect=True)
def test_the_stage_writes_the_same_bytes_twice_and_says_the_score(project, capsys):
    def written():
        evaluate.main()
        return {str(p): p.read_bytes() for p in sorted((project / "reports").rglob("*")) if p.is_file()}

    first = written()
    assert len(first) == 9
    assert first == written()
    line = capsys.readouterr().out.splitlines()[0]
    metrics = json.loads((project / "reports/metrics.json").read_text())
    assert line.startswith("evaluate: 300 test rows, ")
    assert f" {as_scores([metrics['score'], metrics['baseline']])[0]} [" in line
    assert metrics["rows_test"] == 300
    assert len(metrics) <= 9


@pytest.mark.parametrize("project", ["binary"], indirect=True)
def test_undefined_scores_are_null_in_json(project):
    one_class = table("binary", 300, seed=2).query("target == 'no'").head(5)
    write_parquet("data/test.parquet", one_class)
    evaluate.main()
    text = (project / "reports/evaluation.json").read_text()
    assert "NaN" not in text
    assert json.loads((project / "reports/metrics.json").read_text())["roc_auc"] is None


@pytest.mark.parametrize("project", ["regression"], indirect=True)
def test_no_test_rows_is_one_clear_line(project):
    write_parquet("data/test.parquet", table("regression", 300, seed=2).head(0))
    with pytest.raises(UserError, match=r"data/test.parquet has no rows to score; raise split.test_size"):
        evaluate.main()
