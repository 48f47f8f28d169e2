"""Intervals and sets that hold fewer outcomes than at release raise an alarm; chance does not, and more is no fault."""

import numpy as np
import pytest

from lifecycle.ground.files import write_json
from lifecycle.monitor.coverage import Promise, Sure, coverage, held, promise_of
from tests.settings import settings

PARAMS = settings("monitor")
PROMISE = Promise(0.9, 0.91, 800)


def found(n_inside, n=300):
    """So many of n labelled rows are in their interval."""
    bounds = np.tile([0.0, 10.0], (n + 50, 1))
    y_true = np.where(np.arange(n) < n_inside, 5.0, 50.0)
    labelled = np.arange(n + 50) < n
    return coverage(Sure(PROMISE, bounds), y_true, labelled, PARAMS)


def test_far_fewer_is_an_alarm():
    one = found(220)
    assert one.p < 1e-6 and one.effect > one.floor
    assert "hold 73.3% of 300 labelled rows, 91.0% at release" in one.why


@pytest.mark.parametrize("n_inside", [268, 273, 300])
def test_about_as_many_or_more_is_none(n_inside):
    one = found(n_inside)
    assert one.effect < one.floor


def test_an_outcome_is_in_its_interval_or_its_set():
    assert held(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([1.0, 1.5])).tolist() == [True, False]
    assert held(np.array([[True, False], [True, True]]), np.array([1, 1])).tolist() == [False, True]


def test_a_bundle_of_before_promises_nothing(tmp_path):
    write_json(tmp_path / "candidate.json", {"name": "linear"})
    assert promise_of(tmp_path) is None
    write_json(tmp_path / "candidate.json", {"conformal": {"level": 0.9}})
    assert promise_of(tmp_path) is None
    write_json(tmp_path / "evaluation.json", {"n_rows": 700, "certainty": {"coverage": {"value": 0.88}}})
    assert promise_of(tmp_path) == Promise(0.9, 0.88, 700)
