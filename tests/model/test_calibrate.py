"""calibrate: probabilities that mean what they say, and the threshold of a decision."""

from dataclasses import replace

import numpy as np
import pytest

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import score
from lifecycle.model.calibrate import pick_threshold, useful_calibration
from lifecycle.table.contract import Problem

PROBLEM = Problem("y", "binary", "log_loss")


def drawn(n=4000, k=2, seed=0):
    """(probabilities that are right, classes drawn from them)."""
    rng = np.random.default_rng(seed)
    p = np.exp(rng.normal(0, 1.2, (n, k)))
    p /= p.sum(axis=1, keepdims=True)
    return p, (rng.random(n)[:, None] > np.cumsum(p, axis=1)).sum(axis=1).clip(0, k - 1)


@pytest.mark.parametrize("k", [2, 4])
def test_overconfident_probabilities_are_drawn_back(k):
    p, y = drawn(k=k)
    bold = p**3 / (p**3).sum(axis=1, keepdims=True)
    kept, crossed = useful_calibration(bold, y, None, 1)
    assert abs(kept.slope - 1 / 3) < 0.05
    assert score("log_loss", y, crossed) < score("log_loss", y, bold) - 0.05
    assert np.abs(kept(bold) - p).max() < 0.1


def test_right_probabilities_are_left_alone():
    p, y = drawn()
    kept, same = useful_calibration(p, y, None, 1)
    assert kept is None and same is p


def test_equal_costs_put_the_threshold_near_a_half():
    p, y = drawn(20_000)
    assert (
        abs(pick_threshold(p, y, None, replace(PROBLEM, costs={"false_positive": 2, "false_negative": 2}), "")[0] - 0.5)
        < 0.06
    )


def test_a_missed_positive_nine_times_dearer_puts_it_near_a_tenth():
    p, y = drawn(20_000)
    assert abs(pick_threshold(p, y, None, replace(PROBLEM, costs={"false_negative": 9}), "")[0] - 0.1) < 0.04


@pytest.mark.parametrize(("name", "floor"), [("precision", 0.9), ("recall", 0.95)])
def test_a_floor_is_kept_on_the_rows_it_was_found_on(name, floor):
    p, y = drawn(20_000)
    for problem, wanted in ((replace(PROBLEM, criteria={name: f">= {floor}"}), ""), (PROBLEM, {name: floor})):
        threshold, why = pick_threshold(p, y, None, problem, wanted)
        assert score(name, y, (p[:, 1] >= threshold).astype(int)) >= floor
        assert name in why


def test_a_floor_out_of_reach_says_so():
    y = np.arange(200) % 2
    threshold, why = pick_threshold(np.full((200, 2), 0.5), y, None, PROBLEM, {"precision": 0.9})
    assert "out of reach" in why and 0 <= threshold <= 1


def test_a_metric_of_decided_classes_picks_its_best_threshold():
    p, y = drawn(20_000)
    p = p[p[:, 1] < 0.6]
    y = (np.random.default_rng(1).random(len(p)) < p[:, 1]).astype(int)
    threshold, _ = pick_threshold(p, y, None, replace(PROBLEM, metric="f1"), "")
    assert threshold < 0.45
    assert score("f1", y, (p[:, 1] >= threshold).astype(int)) > score("f1", y, (p[:, 1] >= 0.5).astype(int))


def test_no_wish_leaves_the_likelier_class():
    p, y = drawn(100)
    assert pick_threshold(p, y, None, PROBLEM, "") == (0.5, "the likelier class")
    assert pick_threshold(p, y, None, PROBLEM, 0.3)[0] == 0.3


def test_a_wish_that_means_nothing_is_a_clear_line():
    p, y = drawn(100)
    with pytest.raises(UserError, match="train.threshold"):
        pick_threshold(p, y, None, PROBLEM, {"f1": 0.5})
