"""blend: greedy weights on out-of-fold answers."""

import numpy as np

from lifecycle.search.blend import greedy_weights

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=2000)
GOOD, OTHER, BAD = (TRUTH + RNG.normal(0, s, 2000) for s in (0.5, 0.5, 3.0))


def rmse(p):
    return float(np.sqrt(np.mean((p - TRUTH) ** 2)))


def anything(chosen):
    return True


def test_two_models_of_independent_errors_share_the_weight():
    weights = greedy_weights([GOOD, BAD, OTHER], rmse, anything)
    assert abs(weights.sum() - 1) < 1e-12
    assert abs(weights[0] - 0.5) < 0.1 and weights[1] < 0.05


def test_a_copy_gets_nothing():
    assert greedy_weights([GOOD, GOOD.copy()], rmse, anything).tolist() == [1.0, 0.0]


def test_what_does_not_fit_together_is_not_put_together():
    weights = greedy_weights([BAD, GOOD, OTHER], rmse, lambda chosen: not {1, 2} <= chosen)
    assert (weights[1] > 0) != (weights[2] > 0)
