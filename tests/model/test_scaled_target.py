"""ScaledTarget: what a regression on the target's logarithm may answer."""

import numpy as np
from sklearn.linear_model import LinearRegression

from lifecycle.model.scaled_target import ScaledTarget


def test_a_logarithm_answers_no_more_than_a_tenth_of_the_span_past_what_it_saw():
    """A straight line of the logarithm would answer e^40 for a row four times as far as those seen."""
    x = np.linspace(0, 10, 200)[:, None]
    y = np.exp(x[:, 0])
    fitted = ScaledTarget(LinearRegression(), True).fit(x, y)
    near, far, wild, low = fitted.predict(np.array([[5.0], [40.0], [1e6], [-40.0]]))
    assert abs(near / np.exp(5) - 1) < 1e-6
    assert far == wild and abs(far / (1.1 * y.max() - 0.1 * y.min()) - 1) < 1e-9
    assert 0 < low < y.min()


def test_a_straight_line_is_held_alike_on_both_sides():
    x = np.linspace(0, 10, 200)[:, None]
    fitted = ScaledTarget(LinearRegression(), False).fit(x, 3 * x[:, 0])
    assert np.allclose(fitted.predict(np.array([[-50.0], [50.0]])), [-3, 33])
