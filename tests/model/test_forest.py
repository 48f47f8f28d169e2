"""forest: a few rows answered as scikit-learn answers them, bit for bit."""

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from lifecycle.model.fast_trees import quick
from lifecycle.model.scaled_target import ScaledTarget

RNG = np.random.default_rng(0)
X = RNG.normal(size=(800, 6))
X[::7, 2] = np.nan
VALUE = X[:, 0] + np.nan_to_num(X[:, 2]) ** 2
TWO, THREE = (VALUE > 1).astype(int), np.digitize(VALUE, [0, 1])


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (HistGradientBoostingRegressor(max_iter=40), VALUE),
        (HistGradientBoostingRegressor(max_iter=40, loss="poisson"), np.abs(VALUE)),
        (HistGradientBoostingClassifier(max_iter=40), TWO),
        (HistGradientBoostingClassifier(max_iter=40), THREE * 2),
        (ExtraTreesClassifier(20), TWO),
        (ExtraTreesClassifier(20), THREE),
        (ExtraTreesRegressor(20), VALUE),
        (RandomForestClassifier(20), THREE),
        (ScaledTarget(HistGradientBoostingRegressor(max_iter=40), True), np.exp(VALUE)),
    ],
)
def test_a_row_gets_the_same_answer_bit_for_bit(estimator, y):
    estimator.fit(X, y)
    fast = quick(estimator, X[:5])
    assert fast is not estimator
    ask = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
    one_by_one = np.concatenate([getattr(fast, ask)(X[i : i + 1]) for i in range(100)])
    assert np.array_equal(one_by_one, getattr(estimator, ask)(X)[:100])


@pytest.mark.parametrize("rows", [1, 7, 128])
def test_rows_together_get_the_same_answers_as_one_by_one(rows):
    fast = quick(HistGradientBoostingClassifier(max_iter=40).fit(X, THREE), X[:5])
    assert np.array_equal(fast.predict_proba(X[:rows]), np.concatenate([fast.predict_proba(x[None]) for x in X[:rows]]))


@pytest.mark.parametrize(
    ("estimator", "y"), [(LogisticRegression(), TWO), (LogisticRegression(), THREE), (Ridge(), VALUE)]
)
def test_a_linear_model_answers_as_scikit_learn_does(estimator, y):
    x = np.nan_to_num(X)
    fast = quick(estimator.fit(x, y), x[:5])
    assert fast is not estimator
    ask = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
    assert np.abs(getattr(fast, ask)(x) - getattr(estimator, ask)(x)).max() < 1e-13


def test_other_estimators_answer_for_themselves():
    other = LinearRegression().fit(np.nan_to_num(X), VALUE)
    assert quick(other, X[:5]) is other


def test_native_categories_are_left_to_scikit_learn():
    x = np.column_stack([X[:, 0], RNG.integers(0, 5, len(X))])
    estimator = HistGradientBoostingRegressor(max_iter=10, categorical_features=[1]).fit(x, VALUE + (x[:, 1] == 3) * 5)
    assert quick(estimator, x[:5]) is estimator
