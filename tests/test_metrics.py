"""Metrics agree with scikit-learn's, intervals cover the truth, and nothing undefined crashes or warns."""

import pickle
import time
from functools import partial

import numpy as np
import pytest
import sklearn.metrics as sk

from lifecycle.ground import metrics
from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import Draw

rng = np.random.default_rng(0)
N = 400
BINARY_Y = rng.integers(0, 2, N)
BINARY_S = np.round(np.clip(BINARY_Y * 0.3 + rng.random(N) * 0.7, 0.01, 0.99), 2)  # rounded: ties must be handled
BINARY_P = np.c_[1 - BINARY_S, BINARY_S]
MULTI_Y = rng.integers(0, 4, N)
MULTI_P = rng.dirichlet(np.ones(4), N) * 0.7 + 0.3 * np.eye(4)[MULTI_Y]
REAL_Y = rng.normal(50, 10, N)
REAL_P = REAL_Y + rng.normal(0, 5, N)
WEIGHT = rng.integers(0, 4, N).astype(float)


def told(p):  # the class that a row is given
    return p.argmax(axis=1)


def one_vs_rest(function):
    return lambda y, p, sample_weight: np.mean(
        [function(y == k, p[:, k], sample_weight=sample_weight) for k in np.unique(y)]
    )


def of_scores(function):
    return lambda y, p, **options: function(y, p[:, 1], **options)


def of_classes(function):
    return lambda y, p, **options: function(y, told(p), **options)


BINARY = {
    "log_loss": sk.log_loss,
    "roc_auc": of_scores(sk.roc_auc_score),
    "average_precision": of_scores(sk.average_precision_score),
    "brier_score": of_scores(sk.brier_score_loss),
    "accuracy": of_classes(sk.accuracy_score),
    "balanced_accuracy": of_classes(sk.balanced_accuracy_score),
    "f1": of_classes(sk.f1_score),
    "f1_macro": of_classes(partial(sk.f1_score, average="macro")),
    "precision": of_classes(sk.precision_score),
    "recall": of_classes(sk.recall_score),
}
MULTI = {name: BINARY[name] for name in ("log_loss", "accuracy", "balanced_accuracy", "f1_macro")} | {
    "roc_auc": one_vs_rest(sk.roc_auc_score),
    "average_precision": one_vs_rest(sk.average_precision_score),
    "brier_score": sk.brier_score_loss,
}
REAL = {
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
    "median_absolute_error": sk.median_absolute_error,
    "mape": sk.mean_absolute_percentage_error,
}
CASES = [
    *[(name, f, BINARY_Y, BINARY_P) for name, f in BINARY.items()],
    *[(name, f, MULTI_Y, MULTI_P) for name, f in MULTI.items()],
    *[(name, f, REAL_Y, REAL_P) for name, f in REAL.items()],
]


@pytest.mark.parametrize(("name", "reference", "y", "p"), CASES)
def test_agrees_with_scikit_learn_with_and_without_weights(name, reference, y, p):
    assert metrics.score(name, y, p) == pytest.approx(reference(y, p, sample_weight=np.ones(N)), rel=1e-9)
    # weights that are counts, as the bootstrap's are: the same as repeating rows (its weighted median differs)
    repeated = np.repeat(np.arange(N), WEIGHT.astype(int))
    expected = reference(y[repeated], p[repeated], sample_weight=np.ones(len(repeated)))
    assert metrics.METRICS[name].function(y, p, WEIGHT) == pytest.approx(expected, rel=1e-9)


def test_every_metric_is_compared_or_checked_by_hand():
    assert set(metrics.METRICS) - set(BINARY) - set(MULTI) - set(REAL) == {"ece"}


def test_ece_is_the_gap_between_told_and_observed():
    p = np.repeat([[0.2, 0.8]], 10, axis=0)
    y = np.array([1] * 6 + [0] * 4)  # told 0.8, observed 0.6
    assert metrics.score("ece", y, p) == pytest.approx(0.2)


def test_decided_codes_may_replace_probabilities():
    codes = told(BINARY_P)
    for name in ("accuracy", "f1", "recall", "precision", "balanced_accuracy", "f1_macro"):
        assert metrics.score(name, BINARY_Y, codes) == metrics.score(name, BINARY_Y, BINARY_P)


@pytest.mark.filterwarnings("error")
def test_log_loss_works_when_a_class_is_absent_and_is_finite_when_certain_and_wrong():
    y = np.array([0, 0, 2])  # class 1 of three is absent
    p = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert metrics.score("log_loss", y, p) == pytest.approx(-np.log(1e-15) / 3)
    assert 0 <= metrics.score("roc_auc", y, p) <= 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [0, 1, 5])
def test_one_class_or_one_value_only_gives_nan_or_a_number_but_never_a_warning(rows):
    y, p = np.zeros(rows, dtype=int), np.full((rows, 2), 0.5)
    for name in metrics.metrics_for("binary"):
        value, low, high = metrics.bootstrap(name, y, p, Draw(20, 0.95, 1))
        assert np.isnan(low) == np.isnan(high)
        if not np.isnan(low):
            assert low <= value <= high
    for name in ("roc_auc", "recall", "f1"):
        assert np.isnan(metrics.score(name, y, p))
    flat = np.zeros(rows)
    for name in metrics.metrics_for("regression"):
        metrics.bootstrap(name, flat, flat, Draw(20, 0.95, 1))
    assert np.isnan(metrics.score("r2", flat, flat))
    assert np.isnan(metrics.score("mape", flat, flat))


def test_a_model_that_answers_nan_has_no_score():
    assert np.isnan(metrics.score("rmse", REAL_Y, np.full(N, np.nan)))
    assert np.isnan(metrics.score("roc_auc", BINARY_Y, np.full((N, 2), np.nan)))


@pytest.mark.parametrize(
    ("name", "truth"), [("mae", np.sqrt(2 / np.pi)), ("rmse", 1.0), ("median_absolute_error", 0.67449)]
)
def test_the_interval_covers_the_truth_about_as_often_as_it_says(name, truth):
    hits = 0
    for trial in range(200):
        error = np.random.default_rng(trial).normal(size=150)
        _, low, high = metrics.bootstrap(name, np.zeros(150), error, Draw(200, 0.9, trial))
        hits += low <= truth <= high
    assert 0.82 <= hits / 200 <= 0.96  # 90 %, give or take three standard errors and the percentile method's bias


def test_the_interval_of_a_ranking_metric_covers_the_truth():
    hits = 0
    for trial in range(150):
        draw = np.random.default_rng(trial)
        y = draw.integers(0, 2, 200)
        s = 1 / (1 + np.exp(-(draw.normal(size=200) + y)))  # two normals one apart: AUC = Phi(1 / sqrt 2)
        _, low, high = metrics.bootstrap("roc_auc", y, np.c_[1 - s, s], Draw(200, 0.9, trial))
        hits += low <= 0.7602 <= high
    assert 0.81 <= hits / 150 <= 0.97


def test_many_rows_are_resampled_in_part_and_the_interval_keeps_its_width():
    error = np.random.default_rng(1).normal(size=metrics.MAX_CELLS)  # twice as many as are resampled
    _, low, high = metrics.bootstrap("mae", np.zeros(len(error)), error, Draw(300, 0.95, 1))
    expected = 2 * 1.96 * np.abs(error).std() / np.sqrt(len(error))
    assert high - low == pytest.approx(expected, rel=0.15)


def test_200_000_rows_take_bounded_time():
    y = np.random.default_rng(1).integers(0, 2, 200_000)
    s = np.random.default_rng(2).random(200_000)
    start = time.perf_counter()
    metrics.bootstrap_all(["log_loss", "roc_auc"], y, [np.c_[1 - s, s]] * 2, Draw(400, 0.95, 1))
    assert time.perf_counter() - start < 30  # 1.5 s on two cores


def test_the_interval_of_calibration_error_holds_the_estimate():
    value, low, high = metrics.bootstrap("ece", BINARY_Y, BINARY_P, Draw(200, 0.95, 1))
    assert low < value < high


@pytest.mark.parametrize("name", ["log_loss", "roc_auc"])
def test_a_positive_difference_means_that_a_is_better(name):
    good, bad = BINARY_P, np.full((N, 2), 0.5)
    difference, low, high = metrics.paired_difference(name, BINARY_Y, good, bad, Draw(100, 0.95, 1))
    assert 0 < low < difference < high
    difference, low, high = metrics.paired_difference(name, BINARY_Y, bad, good, Draw(100, 0.95, 1))
    assert low < difference < high < 0


def test_pairing_makes_the_interval_narrower_than_two_separate_ones():
    other = REAL_P + np.random.default_rng(5).normal(0, 0.5, N)
    _, low, high = metrics.paired_difference("mae", REAL_Y, REAL_P, other, Draw(200, 0.95, 1))
    _, alone_low, alone_high = metrics.bootstrap("mae", REAL_Y, REAL_P, Draw(200, 0.95, 1))
    assert high - low < (alone_high - alone_low) / 2


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    first = metrics.bootstrap("roc_auc", BINARY_Y, BINARY_P, Draw(50, 0.95, 1))
    assert first == metrics.bootstrap("roc_auc", BINARY_Y, BINARY_P, Draw(50, 0.95, 1))
    assert first != metrics.bootstrap("roc_auc", BINARY_Y, BINARY_P, Draw(50, 0.95, 2))


def test_is_better_follows_the_metric_and_nan_never_wins():
    assert metrics.is_better("log_loss", 0.4, 0.5)
    assert metrics.is_better("roc_auc", 0.5, 0.4)
    assert not metrics.is_better("roc_auc", float("nan"), 0.4)
    assert metrics.is_better("log_loss", 0.5, float("nan"))


def test_an_unknown_metric_lists_the_names_and_the_nearest():
    with pytest.raises(UserError, match='unknown metric "auc"; did you mean "roc_auc"') as error:
        metrics.metric("auc", "multiclass")
    assert "f1_macro" in str(error.value)
    assert "rmse" not in str(error.value)
    with pytest.raises(UserError, match='"f1"; a multiclass task has .*f1_macro'):
        metrics.metric("f1", "multiclass")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_default_metric_belongs_to_its_task(task):
    assert metrics.default_metric(task) in metrics.metrics_for(task)


def test_rows_that_weigh_nothing_have_no_score():
    y, nothing = np.arange(1.0, 9), np.zeros(8)
    for name in metrics.metrics_for("regression"):
        with np.errstate(all="ignore"):
            assert np.isnan(metrics.METRICS[name].function(y, y + 1, nothing)), name


# ---- metrics of the user's own ------------------------------------------------------------------------------------


def share_right(y_true, y_pred, weight):
    """Share of rows that are decided rightly."""
    return np.average(y_true == y_pred, weights=weight)


def furthest(y_true, y_pred, weight):
    return np.abs(y_true - y_pred)[weight > 0].max()


def broken(y_true, y_pred, weight):
    raise KeyError("spend")


@pytest.fixture
def own(monkeypatch):
    """What is added in a test is gone after it."""
    monkeypatch.setattr(metrics, "METRICS", dict(metrics.METRICS))
    return {
        "share_right": metrics.own_metric(share_right, True, ("binary", "multiclass"), "classes"),
        "furthest": metrics.own_metric(furthest, False, ("regression",), "values"),
        "broken": metrics.own_metric(broken, False, ("regression",), "values"),
    }


def test_a_metric_of_your_own_has_the_intervals_of_the_engine_s_same_metric(own):
    metrics.add_metrics(own)
    draw = Draw(100, 0.9, 3)
    for y, p in ((BINARY_Y, BINARY_P), (MULTI_Y, MULTI_P)):
        assert metrics.bootstrap("share_right", y, p, draw, weight=WEIGHT) == pytest.approx(
            metrics.bootstrap("accuracy", y, p, draw, weight=WEIGHT)
        )
    assert metrics.score("furthest", REAL_Y, REAL_P) == np.abs(REAL_Y - REAL_P).max()
    assert metrics.is_better("furthest", 1, 2) and not metrics.is_better("share_right", 1, 2)


def test_a_metric_of_your_own_is_known_for_its_task_alone(own):
    with pytest.raises(UserError, match="share_right"):
        metrics.metric("share_right", "binary")
    metrics.add_metrics(own)
    metrics.add_metrics(own)  # a stage called twice in one process
    assert metrics.metric("share_right", "binary").about == "Share of rows that are decided rightly"
    with pytest.raises(UserError, match="a regression task has .*furthest"):
        metrics.metric("share_right", "regression")


def test_the_skill_of_a_metric_without_an_upper_end_takes_the_perfect_score_that_is_given(own):
    metrics.add_metrics({"profit": metrics.own_metric(share_right, True, ("binary",), "classes", perfect=40.0)})
    assert metrics.skill("profit", 30.0, 20.0) == 0.5


def test_what_fails_in_a_metric_of_your_own_is_told_with_its_name(own):
    metrics.add_metrics(own)
    with pytest.raises(UserError, match=r"custom/metrics.py: broken failed \(KeyError: 'spend'\)"):
        metrics.score("broken", REAL_Y, REAL_P)


@pytest.mark.parametrize(
    ("name", "tasks", "needs", "says"),
    [
        ("f1", ("binary",), "classes", "is a metric of the engine"),
        ("mine", ("ranking",), "classes", "tasks are binary"),
        ("mine", (), "classes", "tasks are binary"),
        ("mine", ("binary",), "labels", "probabilities or classes"),
        ("mine", ("regression",), "classes", "values"),
    ],
)
def test_a_metric_of_your_own_that_cannot_be_used_is_refused_at_once(own, name, tasks, needs, says):
    with pytest.raises(UserError, match=says):
        metrics.add_metrics({name: metrics.own_metric(share_right, True, tasks, needs)})


def test_a_worker_that_starts_anew_can_be_told_of_the_metrics_of_your_own(own):
    metrics.add_metrics(own)
    assert pickle.loads(pickle.dumps(metrics.own_metrics())) == own
