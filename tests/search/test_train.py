"""train: what is promised of the search, the blend, the threshold and the budget."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_json, read_parquet
from lifecycle.ground.params import TrainParams
from lifecycle.model.families import FAMILIES, Family
from lifecycle.model.store import load_model
from lifecycle.search.budget import Entry
from lifecycle.search.workers import FORK, Clock, Workers, fit_members, try_all
from lifecycle.table.contract import read_contract
from stages import clean, define, split, train
from tests.scratch import ROOT, scratch

LINEAR = {"linear": {"C": 1.0, "alpha": 1.0}}
TWO = LINEAR | {"boosting": {"max_iter": 40, "max_leaf_nodes": 8, "learning_rate": 0.1}}
NETWORK = {"n_estimators": 2, "hidden_layer_sizes": [16], "batch_size": 32, "max_iter": 8, "learning_rate_init": 0.01}
FIVE = TWO | {
    "network_piecewise": NETWORK,
    "extra_trees": {"n_estimators": 20, "min_samples_leaf": 1, "max_features": 0.5},
    "additive": {"C": 0.3, "alpha": 3.0},
}


def bakes(n=300, seed=0, task="binary"):
    rng = np.random.default_rng(seed)
    heat, minutes = rng.normal(180, 15, n).round(1), rng.integers(20, 60, n)
    oven, day = (
        rng.choice(["north", "south", "old"], n),
        pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) // 3, "D"),
    )
    taste = -np.abs(heat - 180) / 10 - np.abs(minutes - 40) / 8 + 2.5 + rng.normal(0, 0.7, n) - (oven == "old")
    frame = pd.DataFrame(
        {"bake": [f"B-{i:05d}" for i in range(n)], "day": day, "heat": heat, "minutes": minutes, "oven": oven}
    )
    frame["baker"] = rng.choice([f"baker {i}" for i in range(40)], n)
    frame["good"] = np.exp(taste / 2).round(4) if task == "regression" else np.where(taste > 0, "yes", "no")
    return frame


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A function that readies a project folder for train, and goes there."""

    def ready(frame, target="good", **blocks):
        blocks["train"] = {"folds": 3, "repeats": 1, "candidates": TWO, "time_budget": 600} | blocks.get("train", {})
        scratch(tmp_path, frame.to_csv(index=False), target, **blocks)
        monkeypatch.chdir(tmp_path)
        for stage in (define, clean, split):
            stage.main()
        return tmp_path

    return ready


def change(**values):
    file = Path("params.yaml")
    params = yaml.safe_load(file.read_text("utf-8"))
    params["train"].update(values)
    file.write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")


def board():
    return pd.read_csv("reports/leaderboard.csv").set_index("name")


def told():
    return read_json("models/candidate/candidate.json")


def test_the_blend_beats_the_naive_baseline_and_its_members(here):
    here(bakes(), train={"candidates": FIVE})
    train.main()
    table, facts = board(), told()
    assert {*FIVE, "naive baseline"} <= set(table.index)
    assert table.loc["blend", "score"] <= table.loc[list(facts["members"]), "score"].min() + 1e-9
    assert table.loc["blend", "score"] < table.loc["naive baseline", "score"]
    assert abs(table.loc[list(FIVE), "weight"].sum() - 1) < 1e-3
    assert set(table.index[table["chosen"]]) == {*facts["members"], "blend"}
    assert {"log_loss", "ece"} <= set(facts["calibration"])
    assert not facts["out_of_time"] and not facts["not_planned"]


def test_two_runs_give_the_same_bytes_on_any_number_of_processes(here):
    folder = here(bakes(), train={"candidates": FIVE})
    files = ["models/candidate/model.joblib", "models/candidate/candidate.json", "reports/leaderboard.csv"]
    train.main()
    first = [(folder / f).read_bytes() for f in files]
    change(n_jobs=1)
    train.main()
    assert [(folder / f).read_bytes() for f in files] == first


def test_a_model_answers_a_row_alike_alone_and_among_others(here):
    here(bakes(), train={"candidates": FIVE})
    train.main()
    model, rows = load_model("models/candidate"), read_parquet("data/test.parquet")
    alone = np.concatenate([model.predictions(rows.iloc[[i]]) for i in range(20)])
    assert np.abs(alone - model.predictions(rows)[:20]).max() < 1e-12


def test_a_skewed_positive_target_is_also_tried_as_its_logarithm(here):
    here(bakes(400, task="regression"))
    train.main()
    assert {"linear", "linear log", "boosting", "boosting log"} <= set(board().index)
    answers = load_model("models/candidate").predict(read_parquet("data/test.parquet"))
    assert np.isfinite(answers).all() and (answers > 0).all()


def test_candidates_without_room_in_the_plan_are_tried_where_the_folds_leave_it(here):
    """A target that nothing tells: each fold stops boosting as soon as it may."""
    frame = bakes(400)
    frame["good"] = np.random.default_rng(0).permutation(frame["good"])
    long = {"max_iter": 20_000, "max_leaf_nodes": 8, "learning_rate": 0.1}
    names = ("boosting", "additive", "boosting_deep", "linear_strong", "boosting_shallow")
    blocks = LINEAR | {name: long if "boosting" in name else LINEAR["linear"] for name in names}
    here(frame, train={"candidates": blocks, "time_budget": 25, "n_jobs": 2})
    contract, params = read_contract(), TrainParams.load()
    plan = train.plan_of(
        train.prepare(read_parquet("data/train.parquet"), contract, params, None, FAMILIES), params, "random"
    )
    assert plan.left == ["boosting_shallow"]
    train.main()
    assert "boosting_shallow" in board().index
    assert not told()["not_planned"] and not told()["out_of_time"]


def test_the_clock_keeps_what_is_done_and_names_what_is_not(here):
    here(bakes())
    contract, params = read_contract(), TrainParams.load()
    frame = read_parquet("data/train.parquet")
    task = train.prepare(frame, contract, params, None, FAMILIES)
    task.folds = train.make_folds(frame, task.y, contract, "random", 3, 1)
    entries = [Entry(name, name, hyper) for name, hyper in TWO.items()]
    with Workers(task, 1) as workers:
        found = try_all(task, entries, workers, Clock(0), keep=False)
        assert [t.entry.name for t in found.tried] == ["linear"] and found.left == ["boosting"]
        assert len(fit_members(found.tried, workers)) == 1


class Ended(Clock):
    def left(self, reserve=0.0):
        return 0.0


def test_a_stop_is_said(here, capsys, monkeypatch):
    here(bakes())
    change(time_budget=1)
    monkeypatch.setattr(train, "Clock", Ended)
    train.main()
    assert "the clock stopped before boosting" in capsys.readouterr().out
    assert told()["out_of_time"] == ["boosting"] and read_json("reports/search.json")["out_of_time"] == 1


def test_train_choose_takes_one_candidate_by_its_name(here):
    here(bakes(), train={"choose": "linear"})
    train.main()
    assert told()["members"] == {"linear": 1.0} and told()["name"] == "linear"
    change(choose="linaer")
    with pytest.raises(UserError, match="params.yaml: train.choose is 'linaer'.*did you mean \"linear\""):
        train.main()


def test_what_is_too_large_or_too_slow_stays_out_of_the_model(here):
    here(bakes(), train={"candidates": FIVE, "max_size_mb": 0.004})
    train.main()
    table = board()
    assert table.loc[table["chosen"] & (table.index != "blend"), "size_mb"].sum() <= 0.004
    change(max_size_mb=100, max_latency_ms=0.01)
    with pytest.raises(UserError, match="train.max_size_mb and train.max_latency_ms"):
        train.main()


def test_costs_move_the_threshold_and_predict_follows_it(here):
    here(bakes(600), problem={"costs": {"false_positive": 1, "false_negative": 8}})
    train.main()
    model, rows = load_model("models/candidate"), read_parquet("data/test.parquet")
    assert model.threshold < 0.4 and "problem.costs" in told()["threshold"]["why"]
    p = model.predict_proba(rows)[:, 1]
    assert (model.predict(rows) == np.where(p >= model.threshold, model.classes[1], model.classes[0])).all()


def test_where_no_answer_is_positive_the_cure_is_named(here, capsys):
    frame = bakes(600)
    frame["good"] = np.where(np.random.default_rng(1).random(600) < 0.03, "yes", "no")
    here(frame, train={"candidates": LINEAR})
    train.main()
    assert told()["threshold"]["share_positive"] == 0
    assert 'every row is predicted to be "no": params.yaml can say what errors cost' in capsys.readouterr().out
    change(threshold={"recall": 0.5})
    train.main()
    assert told()["threshold"]["share_positive"] > 0 and "every row" not in capsys.readouterr().out


def test_a_floor_of_precision_moves_the_threshold(here):
    here(bakes(600), train={"threshold": {"precision": 0.95}})
    train.main()
    high = told()["threshold"]["value"]
    change(threshold={"recall": 0.99})
    train.main()
    assert told()["threshold"]["value"] < 0.5 < high


def test_one_percent_positives_are_learnt(here):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.normal(size=2500), "z": rng.normal(size=2500)})
    frame["hit"] = np.where(
        frame["x"] + 0.3 * frame["z"] > np.quantile(frame["x"] + 0.3 * frame["z"], 0.99), "yes", "no"
    )
    here(frame, "hit")
    train.main()
    assert told()["oof_score"] < 0.5 * told()["oof_baseline"]


def test_a_class_of_two_rows_breaks_no_fold(here):
    frame = bakes(240)
    frame["good"] = np.where(np.arange(240) % 3 == 0, "fair", frame["good"])
    frame.loc[[5, 77], "good"] = "superb"
    here(frame, train={"candidates": FIVE, "folds": 5}, split={"test_size": 0.1})
    train.main()
    model = load_model("models/candidate")
    p = model.predict_proba(read_parquet("data/test.parquet"))
    assert p.shape[1] == len(model.classes) and (p > 0).all() and np.allclose(p.sum(axis=1), 1)


def test_a_weight_column_weighs_and_is_no_feature(here):
    frame = bakes()
    frame["weight"] = np.where(frame["good"] == "yes", 5.0, 1.0)
    here(frame, columns={"weight": {"role": "weight"}}, train={"candidates": TWO})
    train.main()
    model, rows = load_model("models/candidate"), read_parquet("data/test.parquet")
    assert "weight" not in model.columns
    share = (read_parquet("data/train.parquet")["good"] == "yes").mean()
    assert model.baseline[1] > share + 0.1
    assert model.predict_proba(rows)[:, 1].mean() > share


def test_a_weight_below_zero_is_a_clear_line(here):
    frame = bakes()
    frame["weight"] = np.where(np.arange(300) == 7, -1.0, 1.0)
    here(frame, columns={"weight": {"role": "weight"}}, split={"test_size": 0.05})
    with pytest.raises(UserError, match='the weight column "weight" has 1 rows'):
        train.main()


@pytest.mark.parametrize("scheme", ["group", "time"])
def test_groups_and_time_go_through(here, scheme):
    columns = {"baker": {"role": "group"}} if scheme == "group" else {"day": {"role": "time"}}
    here(bakes(), columns=columns, split={"scheme": scheme})
    train.main()
    assert told()["oof_score"] < told()["oof_baseline"]


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"linaer": {}}, "train.candidates has 'linaer'.*did you mean \"linear\""),
        ({"linear": {}}, "train.candidates.linear does not fit its estimator"),
        ({"boosting": {"max_itre": 3}}, "train.candidates.boosting does not fit its estimator"),
        ({"boosting": {"max_leaf_nodes": 1, "max_iter": 5}}, "boosting failed .*max_leaf_nodes"),
        ({}, "train.candidates is empty"),
    ],
)
def test_a_wrong_candidate_is_one_clear_line(here, blocks, message):
    here(bakes(120))
    change(candidates=blocks)
    with pytest.raises(UserError, match=message):
        train.main()


KNN = """
def knn(y, hyper, random_state):
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    return (KNeighborsRegressor if y.dtype.kind == "f" else KNeighborsClassifier)(**hyper)


CANDIDATES["knn"] = Family("linear", knn)
"""
OWN = """
def add_features(frame):
    frame["off"] = (frame["heat"] - 180).abs()
    return frame
"""


def test_a_feature_and_a_candidate_of_ones_own_take_a_few_lines(here):
    folder = here(bakes())
    for room in ("stages", "custom", "lifecycle"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name, own in (("features", OWN), ("candidates", KNN)):
        path = folder / f"custom/{name}.py"
        path.write_text(path.read_text() + own)
    change(candidates={"knn": {"n_neighbors": 15}, **LINEAR}, choose="knn")
    done = subprocess.run([sys.executable, "-m", "stages.train"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert told()["members"] == {"knn": 1.0}
    code = (
        "from lifecycle.model.store import load_model; from lifecycle.ground.files import read_parquet; import json; "
        "m = load_model('models/candidate'); p = m.predict_proba(read_parquet('data/test.parquet')); "
        "print(json.dumps([m.members[0][1][0].feature_names_, p.shape]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    names, shape = json.loads(done.stdout)
    assert "off" in names and "off missing" not in names and shape[1] == 2


def test_a_fold_that_is_kept_answers_as_it_was_scored(here):
    here(bakes(500))
    contract, params = read_contract(), TrainParams.load()
    frame = read_parquet("data/train.parquet")
    task = train.prepare(frame, contract, params, None, FAMILIES)
    task.folds = train.make_folds(frame, task.y, contract, "random", 1, 2)
    blocks = {
        "boosting": {"max_iter": 300, "max_leaf_nodes": 8, "learning_rate": 0.2},
        "network": NETWORK | {"max_iter": 60},
    }
    with Workers(task, 2) as workers:
        found = try_all(task, [Entry(n, n, h) for n, h in blocks.items()], workers, Clock(100), keep=True)
    held = {c: v[task.folds[0][1]] for c, v in task.rows.items()}
    for one in found.tried:
        encoder, estimator = one.fitted
        assert np.allclose(estimator.predict_proba(encoder.transform(held)), one.oof, atol=1e-3)


def test_a_candidate_that_takes_no_weights_is_left_out_and_named(here, monkeypatch, capsys):
    from sklearn.neighbors import KNeighborsClassifier

    frame = bakes()
    frame["weight"] = 1.0
    monkeypatch.setitem(train.CANDIDATES, "knn", Family("linear", lambda y, hyper, seed: KNeighborsClassifier(**hyper)))
    here(frame, columns={"weight": {"role": "weight"}}, train={"candidates": LINEAR | {"knn": {"n_neighbors": 9}}})
    train.main()
    assert told()["unfit"] == {"knn": "its fit takes no sample_weight"} and told()["name"] == "linear"
    assert "knn is left out: its fit takes no sample_weight" in capsys.readouterr().out


def test_a_package_that_is_not_there_is_a_clear_line(here, monkeypatch):
    def other(y, hyper, random_state):
        import a_package_that_nobody_has

        return a_package_that_nobody_has.Model(**hyper)

    here(bakes(120))
    monkeypatch.setitem(train.CANDIDATES, "other", Family("tree", other))
    change(candidates={"other": {}})
    with pytest.raises(
        UserError, match="train.candidates.other needs a package that is not installed .*a_package_that_nobody_has"
    ):
        train.main()


def test_workers_that_start_anew_give_the_same_bytes_as_forked_ones(here, monkeypatch):
    """As on macOS and Windows."""
    folder = here(bakes(), train={"candidates": FIVE})
    train.main()
    first = (folder / "models/candidate/model.joblib").read_bytes()
    if not FORK:
        pytest.skip("this system does not fork")
    monkeypatch.setattr("lifecycle.search.workers.FORK", False)
    train.main()
    assert (folder / "models/candidate/model.joblib").read_bytes() == first
