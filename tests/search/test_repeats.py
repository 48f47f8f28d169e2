"""repeats: the same rows in other folds, as often as the budget has room for, and what is decided on their mean."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lifecycle.ground.files import read_json, read_parquet
from lifecycle.model.families import FAMILIES
from lifecycle.model.shape import Shape
from lifecycle.model.store import load_model
from lifecycle.search import repeats
from lifecycle.search.budget import Entry, make_plan
from lifecycle.search.choose import as_fitted, draws_of
from lifecycle.search.crossval import Fit
from lifecycle.search.data import TrainingData
from lifecycle.search.repeats import still_to_gain
from lifecycle.search.workers import Tried, gather, looks_of
from stages import clean, define, split, train
from tests.scratch import scratch
from tests.settings import settings

BLOCKS = settings("train").candidates
ENTRIES = [Entry(name, name, hyper) for name, hyper in BLOCKS.items()]
FEW_ROUNDS = {
    "linear": {"C": 1.0, "alpha": 1.0},
    "boosting": {"max_iter": 12, "max_leaf_nodes": 4, "learning_rate": 0.2, "max_features": 0.5},
}


def plan(rows, budget, most=10):
    def cost(entry, shape):
        return FAMILIES[entry.candidate].cost(shape, entry.hyper)

    return make_plan(ENTRIES, Shape(rows, 20, 40, 2, False), 5, budget, cost, repeats=most)


def test_a_larger_budget_repeats_a_small_table_more_often():
    times = [plan(400, budget).repeats for budget in (20, 60, 120, 600)]
    assert times == sorted(times) and times[0] == 1 and times[2] > times[1] and times[3] == 10


def test_more_rows_are_repeated_less_often_and_many_never():
    times = [plan(rows, 240).repeats for rows in (200, 800, 6_000, 100_000)]
    assert times == sorted(times, reverse=True) and times[0] > times[1] > 1 and times[2:] == [1, 1]


@pytest.mark.parametrize("rows", [100, 700, 3_000])
@pytest.mark.parametrize("budget", [20, 120, 1200])
def test_repeats_stay_within_the_budget(rows, budget):
    assert plan(rows, budget, most=100).seconds <= budget / 2


def test_what_is_left_out_for_want_of_time_goes_before_a_repeat():
    tight = plan(400, 20)
    assert tight.left and tight.repeats == 1


# ---- the mean of several draws --------------------------------------------------------------------------------------


def two_partings():
    """Six rows of a regression, in two folds each time."""
    first, second = np.array([0, 1, 2]), np.array([3, 4, 5])
    even, odd = np.array([0, 2, 4]), np.array([1, 3, 5])
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    data = TrainingData("regression", [], "rmse", {"x": y}, {}, {"x": "number"}, y, None, 1)
    data.folds, data.repeats = [(second, first), (first, second)], [[(odd, even), (even, odd)]]
    return data


def fits(*parts):
    return [Fit(0.1, {0: np.array(part)}, 0) for part in parts]


def test_predictions_of_other_folds_come_back_in_the_order_of_the_rows():
    one = gather(ENTRIES[0], two_partings(), [fits([1.0, 2, 3], [4.0, 5, 6]), fits([1.0, 3, 5], [2.0, 4, 6])])
    assert one.oof.tolist() == [1, 2, 3, 4, 5, 6] and one.score == 0 and len(one.fold_scores) == 4


def test_rounds_are_those_that_are_best_over_all_repeats():
    def boosted(after_5, after_9):
        return [Fit(0.1, {5: np.full(3, a), 9: np.full(3, b)}, 0) for a, b in zip(after_5, after_9, strict=True)]

    data = two_partings()
    entry = Entry("boosting", "boosting", {"max_iter": 9})
    alone = gather(entry, data, [boosted([2.0, 5.0], [9.0, 9.0])])
    both = gather(entry, data, [boosted([2.0, 5.0], [2.0, 4.9]), boosted([99.0, 99.0], [3.5, 3.5])])
    assert (alone.rounds, both.rounds) == (5, 9)


def test_rounds_that_most_folds_were_stopped_before_are_not_compared():
    """The third fold gets better and better; the others stopped, and would seem no worse."""
    early = [Fit(0.1, {5: np.array([1.0, 2]), 9: np.array([1.5, 2.5])}, 0) for _ in range(2)]
    never = Fit(0.1, {5: np.array([0.0, 0]), 9: np.array([0.5, 1]), 300: np.array([1.0, 2])}, 0)
    y = np.array([1.0, 2, 1, 2, 1, 2])
    data = TrainingData("regression", [], "rmse", {"x": y}, {}, {"x": "number"}, y, None, 1)
    data.folds = [(np.setdiff1d(np.arange(6), held), held) for held in np.split(np.arange(6), 3)]
    one = gather(Entry("boosting", "boosting", {"max_iter": 300}), data, [[*early, never]])
    assert looks_of([*early, never]) == [5, 9] and one.rounds == 9
    assert looks_of([never]) == [5, 9, 300]


def test_a_member_is_weighed_by_as_many_repeats_as_it_is_fitted_times():
    data = two_partings()
    each = [np.full(6, float(value)) for value in (1, 2, 4)]

    def predicted(name, draw):
        one = Tried(Entry(name, name, {}), np.mean(each, axis=0), [], 0.0, 0.1, repeats=each)
        return as_fitted(one, draw, data)[0]

    assert [predicted("linear", draw) for draw in range(4)] == [1, 2, 4, 1]
    assert [predicted("boosting", draw) for draw in range(3)] == [1.5, 3, 2.5]


def test_draws_that_agree_leave_nothing_to_gain_and_those_that_do_not_leave_some():
    def left(second):
        kept = {ENTRIES[0].name: [fits([1.5, 2, 3], [4.0, 5, 6]), second]}
        data = two_partings()
        tried = [gather(ENTRIES[0], data, kept[ENTRIES[0].name])]

        def loss(prediction):
            return data.score(data.scored, prediction)

        return still_to_gain(data, tried, kept, np.array([1.0]), loss)

    assert left(fits([1.5, 3, 5], [2.0, 4, 6])) == pytest.approx(0, abs=1e-9)
    assert left(fits([0.6, 3, 5], [2.0, 4, 6])) > 0.1


def test_a_member_is_fitted_as_often_as_size_and_latency_allow():
    data = two_partings()
    data.repeats = data.repeats * 5
    one = Tried(Entry("boosting", "boosting", {}), data.y, [], 0.0, 0.1, 9, size_mb=1.0, latency_ms=1.0)
    assert draws_of([one], data, settings("train")) == 2
    assert draws_of([one], data, settings("train", max_size_mb=1.5)) == 1
    assert draws_of([one], data, settings("train", max_latency_ms=1.5)) == 1
    data.repeats = []
    assert draws_of([one], data, settings("train")) == 1


# ---- the stage ------------------------------------------------------------------------------------------------------


def noisy(n=160):
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=n).round(3), rng.normal(size=n).round(3)
    good = np.where(x + np.sin(3 * z) + rng.normal(0, 1, n) > 0, "yes", "no")
    return pd.DataFrame({"x": x, "z": z, "good": good})


@pytest.fixture
def ready(tmp_path, monkeypatch):
    changes = {"folds": 3, "repeats": 3, "candidates": FEW_ROUNDS}
    scratch(tmp_path, noisy().to_csv(index=False), "good", train=changes)
    monkeypatch.chdir(tmp_path)
    for stage in (define, clean, split):
        stage.main()
    return tmp_path


def change(**values):
    file = Path("params.yaml")
    params = yaml.safe_load(file.read_text("utf-8"))
    params["train"].update(values)
    file.write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")


def test_a_small_table_is_repeated_and_two_runs_give_the_same_bytes(ready):
    files = ["model.joblib", "candidate.json", "oof.parquet"]
    train.main()
    facts, model = read_json("models/candidate/candidate.json"), load_model("models/candidate")
    assert facts["repeats"] > 1 and not facts["out_of_time"]
    assert len(model.members) > len(facts["members"])  # boosting by several draws
    assert sum(weight for weight, _ in model.members) == pytest.approx(1)
    assert len(model.encoders) <= 2  # a row is encoded once a style, however many draws there are
    first = [(ready / "models/candidate" / name).read_bytes() for name in files]
    change(n_jobs=1)
    train.main()
    assert [(ready / "models/candidate" / name).read_bytes() for name in files] == first
    assert np.isfinite(model.predictions(read_parquet("data/test.parquet"))).all()


def test_a_repeat_that_the_clock_stops_counts_for_nobody_and_is_named(ready, monkeypatch, capsys):
    run = repeats.run_repeat
    monkeypatch.setattr(repeats, "run_repeat", lambda *job: run(*job[:-1], lambda: 0.0))
    train.main()
    facts = read_json("models/candidate/candidate.json")
    assert facts["repeats"] == 1 and facts["out_of_time"] == ["repeat 2 of the folds"]
    assert "the clock stopped before repeat 2 of the folds" in capsys.readouterr().out


def test_time_is_parted_in_one_way_only():
    params, data = settings("train"), two_partings()
    assert train.plan_of(data, params, "time").repeats == 1
    assert train.plan_of(data, params, "random").repeats > 1
