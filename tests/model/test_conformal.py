"""Intervals and sets of classes hold as often as they say, on rows that no error was learned from."""

import numpy as np
import pytest

from lifecycle.model.conformal import contains, covered, fit_intervals, fit_sets, quantile


def rows_of(n, seed, spread):
    """`x` decides the outcome, errors grow with it where `spread` says so; predictions are right on average."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n)
    prediction = 100 * x
    size = 1 + 20 * x if spread else np.full(n, 5.0)
    return {"x": x}, prediction, prediction + size * rng.standard_normal(n)


def fitted(n=1500, spread=True, level=0.9, **more):
    rows, prediction, y = rows_of(n, 1, spread)
    given = {"y": y, "fold": np.arange(n) % 3, "weight": None} | more
    return fit_intervals(rows, {"x": "number"}, prediction=prediction, level=level, random_state=1, **given)


@pytest.mark.parametrize("level", [0.8, 0.9])
@pytest.mark.parametrize("spread", [True, False])
def test_intervals_hold_as_often_as_they_say(level, spread):
    rows, prediction, y = rows_of(4000, 2, spread)
    inside = covered(fitted(spread=spread, level=level)(rows, prediction), y)
    assert inside.mean() == pytest.approx(level, abs=0.03)


def test_intervals_are_wide_where_errors_are_large():
    rows, prediction, y = rows_of(4000, 2, True)
    intervals = fitted()(rows, prediction)
    width = np.diff(intervals, axis=1)[:, 0]
    narrow, wide = rows["x"] < 0.2, rows["x"] > 0.8
    assert width[wide].mean() > 2.5 * width[narrow].mean()
    assert covered(intervals, y)[narrow].mean() == pytest.approx(0.9, abs=0.08)
    assert covered(intervals, y)[wide].mean() == pytest.approx(0.9, abs=0.08)


def test_where_errors_cannot_be_foreseen_all_are_of_one_width():
    assert fitted(spread=False).scale is None
    assert fitted(n=100).scale is None  # too few rows to learn it from


def test_a_prediction_is_in_its_own_interval_though_all_errors_are_to_one_side():
    rows, prediction, _ = rows_of(300, 1, False)
    intervals = fitted(n=300, y=prediction + 50)(rows, prediction)
    assert (intervals[:, 0] <= prediction).all()
    assert (intervals[:, 1] >= prediction).all()


def test_what_was_never_negative_has_no_negative_end():
    rows, prediction, y = rows_of(1500, 1, True)
    assert fitted(y=np.abs(y))(rows, prediction).min() >= 0
    assert fitted(y=y - 60)(rows, prediction).min() < 0


def test_few_rows_answer_like_many():
    rows, prediction, _ = rows_of(50, 2, True)
    model = fitted()
    one = model({"x": rows["x"][:1]}, prediction[:1])
    assert one == pytest.approx(model(rows, prediction)[:1], rel=1e-9)


def test_a_quantile_allows_for_the_row_to_come():
    assert quantile(np.arange(1.0, 10), 0.9) == 9  # of nine rows, the largest
    assert quantile(np.arange(1.0, 100), 0.9) == 90
    assert quantile(np.array([1.0, 2.0, 3.0, 9.0]), 0.5, np.array([1.0, 1.0, 1.0, 97.0])) == 9


# ---- classes


def classes_of(n, seed, rare=0.1):
    """Two classes, one of them rare; the probabilities are right."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(np.log(rare / (1 - rare)) - 0.7, 1.5, n)
    chance = 1 / (1 + np.exp(-log_odds))
    y = (rng.uniform(size=n) < chance).astype(int)
    return np.column_stack([1 - chance, chance]), y


def test_sets_hold_each_class_as_often_as_they_say_the_rare_one_too():
    p, y = classes_of(4000, 1)
    sets = fit_sets(y, p, None, 0.9)
    p, y = classes_of(8000, 2)
    inside = contains(sets(p), y)
    assert inside[y == 0].mean() == pytest.approx(0.9, abs=0.03)
    assert inside[y == 1].mean() == pytest.approx(0.9, abs=0.04)


def test_no_set_is_empty():
    p, y = np.eye(3)[[0, 1, 2] * 40] * 0.94 + 0.02, np.array([0, 1, 2] * 40)
    sets = fit_sets(y, p, None, 0.9)
    unsure = np.array([[0.34, 0.33, 0.33]])
    assert sets(unsure).tolist() == [[True, False, False]]


def test_a_class_of_few_rows_goes_by_all_rows():
    p, y = classes_of(1000, 1)
    wide = np.column_stack([p, np.full(len(p), 1e-4)])
    y[:3] = 2
    least = fit_sets(y, wide, None, 0.9).least
    assert least[2] > 1e-3  # its own three rows would put it into every set
