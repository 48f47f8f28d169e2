"""The tests behind the monitor: calm where nothing changed, awake where something did, for each type of column."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.ground.metrics import Draw
from lifecycle.monitor.estimate import Known, estimated, lost, measured
from lifecycle.monitor.two_samples import compare, compare_relations, more_often, tell_apart

DRAW = Draw(100, 0.95, 1)


def numbers(n, seed, shift=0.0):
    return pd.Series(np.random.default_rng(seed).normal(shift, 1, n))


def levels(n, seed, shares):
    return pd.Series(np.random.default_rng(seed).choice(list("abcdef")[: len(shares)], n, p=shares), dtype="str")


@pytest.mark.parametrize(
    ("kind", "draw", "changed"),
    [
        ("number", lambda s: numbers(400, s), numbers(400, 99, 0.5)),
        ("number", lambda s: numbers(400, s).round(), numbers(400, 99, 0.7).round()),
        ("category", lambda s: levels(400, s, [0.6, 0.3, 0.1]), levels(400, 99, [0.4, 0.5, 0.1])),
        (
            "text",
            lambda s: "warm bread " + levels(400, s, [0.5, 0.5]),
            "cold loaves of bread " + levels(400, 99, [0.5, 0.5]),
        ),
    ],
    ids=["number", "whole number", "category", "text"],
)
def test_a_column_that_changed_is_seen_and_one_that_did_not_is_seldom(kind, draw, changed):
    false = [compare(kind, draw(2 * s), draw(2 * s + 1)).p for s in range(60)]
    assert np.mean(np.array(false) < 0.05) <= 0.1
    found = compare(kind, draw(1), changed)
    assert found.p < 1e-4 and found.effect > 0.1 and found.what


def test_rare_levels_raise_no_alarm():
    """Two hundred names, each a few times: a chi-square over them all would be far off."""
    rng = np.random.default_rng(1)
    draws = [pd.Series([f"name {i}" for i in rng.integers(0, 200, 300)], dtype="str") for _ in range(80)]
    p = [compare("category", a, b).p for a, b in zip(draws[::2], draws[1::2], strict=True)]
    assert np.mean(np.array(p) < 0.05) <= 0.1


def test_many_rows_make_a_trifle_significant_and_its_effect_stays_small():
    found = compare("number", numbers(60_000, 1), numbers(60_000, 2, 0.04))
    assert found.p < 1e-3 and found.effect < 0.05


def test_an_empty_or_constant_column_is_no_test_or_no_alarm():
    assert compare("number", numbers(50, 1), pd.Series([np.nan] * 50)) is None
    assert compare("number", pd.Series([3.0] * 50), pd.Series([3.0] * 50)).p == 1.0
    assert compare("category", pd.Series(["a"] * 50), pd.Series(["a"] * 50)).p == 1.0


def pair(n, seed, correlation):
    x = numbers(n, seed)
    y = correlation * x + np.sqrt(1 - correlation**2) * numbers(n, seed + 1000)
    return pd.DataFrame({"x": x, "y": np.exp(y), "level": np.where(y > 0, "high", "low")}).astype({"level": "str"})


KINDS = {"x": "number", "y": "number", "level": "category"}


def test_columns_that_no_longer_hang_together_are_seen_though_each_is_as_before():
    a, b = pair(300, 1, 0.7), pair(300, 2, 0.0)
    assert all(compare(kind, a[c], b[c]).p > 0.01 for c, kind in KINDS.items())
    found = {(one, other): t for one, other, t in compare_relations(a, b, KINDS)}
    assert found["x", "y"].p < 1e-6 and found["x", "y"].effect > 0.4
    assert found["x", "level"].p < 1e-4
    calm = [
        min(t.p for *_, t in compare_relations(pair(300, 2 * s, 0.7), pair(300, 2 * s + 1, 0.7), KINDS))
        for s in range(3, 43)
    ]
    assert np.mean(np.array(calm) < 0.05 / 3) <= 0.15


def test_the_classifier_tells_changed_rows_apart_and_guesses_on_like_ones():
    assert tell_apart(pair(400, 1, 0.8), pair(400, 2, -0.8), KINDS, 4000, 1).p < 1e-6
    calm = [tell_apart(pair(200, 2 * s, 0.8), pair(200, 2 * s + 1, 0.8), KINDS, 4000, 1).p for s in range(3, 23)]
    assert np.mean(np.array(calm) < 0.05) <= 0.2


def test_fishers_test_speaks_of_shares_not_of_counts():
    assert more_often(0, 1000, 0, 50) == 1.0
    assert more_often(50, 1000, 6, 100) > 0.1
    assert more_often(0, 1000, 5, 100) < 1e-4


# ---- estimated performance ------------------------------------------------------------------------------------------


def binary(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(rng.normal(size=n) * 2 + 1) * (1 - shift)))
    return (rng.random(n) < p).astype(int), np.column_stack([1 - p, p])


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "accuracy", "f1"])
def test_the_estimate_is_near_the_truth_where_rows_became_harder(metric):
    ref_y, ref = binary(2000, 1)
    y, harder = binary(4000, 2, shift=0.6)
    told = estimated(metric, harder, Known(ref_y, ref), DRAW)
    true = measured(metric, y, harder, DRAW)
    assert abs(told.value - true.value) < 0.03
    share, p = lost(
        metric,
        told,
        estimated(metric, ref, Known(ref_y, ref), DRAW),
        {"log_loss": 0.64, "roc_auc": 0.5, "accuracy": 0.68, "f1": 0.0}[metric],
    )
    assert p < 0.01 and share > 0


def test_the_estimate_is_blind_to_a_changed_relation_and_labels_are_not():
    ref_y, ref = binary(2000, 1)
    y, answers = binary(2000, 2)
    told, before = (estimated("log_loss", a, Known(ref_y, ref), DRAW) for a in (answers, ref))
    real = measured("log_loss", 1 - y, answers, DRAW)
    assert lost("log_loss", told, before, 0.64)[1] > 0.01
    assert lost("log_loss", real, measured("log_loss", ref_y, ref, DRAW), 0.64)[1] < 1e-6


def test_a_regressions_estimate_follows_the_errors_of_like_answers():
    rng = np.random.default_rng(1)
    answers = rng.uniform(0, 10, 3000)
    y = answers + rng.normal(size=3000) * answers / 5  # errors grow with the answer
    high = rng.uniform(7, 10, 3000)
    told = estimated("mae", high, Known(y, answers), DRAW)
    true = measured("mae", high + rng.normal(size=3000) * high / 5, high, DRAW)
    assert abs(told.value - true.value) < 0.1 * true.value
