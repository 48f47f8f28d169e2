"""What follows from predictions: counts, costs, lift and errors are those of the rows, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from lifecycle.evaluate import decision, groups
from lifecycle.evaluate.decision import OutOfFold, Trained
from lifecycle.ground.metrics import Draw
from lifecycle.model.calibrate import pick_threshold
from lifecycle.table.contract import Field, Problem
from tests.small_model import table

DRAW = Draw(50, 0.95, 1)
PROBLEM = Problem("bought", "binary", "log_loss", "yes", ("no", "yes"))
CHANCE = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.1])
Y = np.array([1, 0, 1, 1, 0, 0])


def proba(chance):
    return np.column_stack([1 - chance, chance])


def test_outcomes_of_a_threshold_are_counted():
    found = decision.of_binary(Y, CHANCE, 0.5, PROBLEM, DRAW, Trained())
    test = found["points"][0]["test"]
    assert [test[key] for key in ("tp", "fp", "fn", "tn")] == [2, 1, 1, 2]
    assert test["precision"]["value"] == pytest.approx(2 / 3)
    assert test["selected"]["value"] == pytest.approx(0.5)
    assert test["recall"]["low"] < 2 / 3 < test["recall"]["high"]


def test_costs_count_a_gain_against_them():
    problem = replace(PROBLEM, costs={"false_positive": 1, "false_negative": 4, "true_positive": 10})
    test = decision.of_binary(Y, CHANCE, 0.5, problem, DRAW, Trained())["points"][0]["test"]
    assert test["cost"]["value"] == pytest.approx((1 + 4 - 20) / 6)


def test_each_threshold_tried_has_the_counts_of_the_rows_and_the_one_in_use_is_among_them():
    cuts = decision.cuts(Y, CHANCE, 0.5)
    assert [0.5, 2, 1] in cuts
    for at, tp, fp in cuts:
        called = CHANCE >= at
        assert (tp, fp) == (int(Y[called].sum()), int((1 - Y[called]).sum()))


def test_the_best_threshold_is_sought_out_of_fold_and_says_what_it_would_save():
    rng = np.random.default_rng(1)
    chance = rng.uniform(size=400)
    y = (rng.uniform(size=400) < chance).astype(int)
    problem = replace(PROBLEM, costs={"false_positive": 1, "false_negative": 9})
    candidate = Trained({"threshold": {"value": 0.5, "why": "set by hand"}}, OutOfFold(y, proba(chance), np.ones(400)))
    used, best = decision.of_binary(y, chance, 0.5, problem, DRAW, candidate)["points"]
    assert used["why"] == "set by hand"
    assert best["threshold"] < 0.3  # 1 / (1 + 9) were best if the probabilities are right
    difference = used["out_of_fold"]["cost"]["value"] - best["out_of_fold"]["cost"]["value"]
    assert best["saved"]["value"] == pytest.approx(difference)
    assert best["saved"]["low"] > 0


@pytest.mark.parametrize("costs", [{}, {"false_negative": 50}])
def test_no_more_rows_are_called_than_can_be_acted_on(costs):
    chance = np.linspace(0, 1, 200)
    y = (chance > 0.4).astype(int)
    problem = replace(PROBLEM, costs=costs, capacity={"rows": 10, "of": 100})
    threshold, why = pick_threshold(proba(chance), y, None, problem, "")
    assert (chance >= threshold).sum() == 20
    assert "10% of the rows" in why


def test_lift_is_of_the_most_probable_rows():
    chance, y = np.linspace(1, 0, 100), np.repeat([1, 0], [25, 75])
    tenth = next(one for one in decision.lift(y, chance) if one["share"] == 0.1)
    assert (tenth["n"], tenth["hits"]) == (10, 10)
    assert tenth["lift"] == pytest.approx(4)
    assert tenth["recall"]["value"] == pytest.approx(0.4)


def test_the_histogram_holds_each_row_once():
    found = decision.histogram(Y, CHANCE)
    assert sum(found["negative"]) == sum(found["positive"]) == 3


def test_confusions_are_the_most_frequent_first_with_their_share():
    y, decided = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, 1, 2, 2])
    found = decision.of_multiclass(y, decided, ["a", "b", "c"])
    assert [(one["actual"], one["predicted"], one["n"]) for one in found["confusions"]] == [
        ("a", "b", 2),
        ("b", "c", 1),
    ]
    assert found["confusions"][0]["share"] == pytest.approx(2 / 3)
    assert found["classes"][0]["recall"]["value"] == pytest.approx(1 / 3)
    assert found["classes"][0]["support"] == 3


@pytest.mark.parametrize(("tolerance", "inside"), [({"error": 5}, 2), ({"share": 0.1}, 1)])
def test_a_tolerance_is_in_the_target_s_unit_or_a_share_of_it(tolerance, inside):
    y, y_pred = np.array([100.0, 10.0, 50.0]), np.array([105.0, 14.0, 60.0])
    assert decision.within(y, y_pred, tolerance).sum() == inside


def test_errors_by_prediction_and_column_add_up_to_the_rows():
    frame = table("regression", 200, seed=1)
    y = frame["target"].to_numpy()
    fields = [Field("place", levels=("north", "south", "west"))]
    problem = Problem("target", "regression")
    found = decision.of_regression(y, y + 1, frame, fields, problem, 0.95)
    assert [one["column"] for one in found["by"]] == ["", "place"]
    for one in found["by"]:
        assert sum(level["n"] for level in one["levels"]) == 200
        assert all(level["bias"]["value"] == pytest.approx(1) for level in one["levels"])


# ---- groups


def of_two(selected_a, selected_b, n=100):
    """Two groups of n rows, so many of each selected; all outcomes negative but one."""
    frame = table("binary", 2 * n, seed=1).assign(place=["north"] * n + ["south"] * n)
    decided = np.zeros(2 * n, dtype=int)
    decided[:selected_a] = decided[n : n + selected_b] = 1
    y = np.zeros(2 * n, dtype=int)
    y[[0, n]] = 1
    rates = groups.of_binary(y, decided.astype(float), decided, 0.95)
    return groups.groups(frame, [Field("place", levels=("north", "south"))], rates, 30, True)


def test_the_four_fifths_ratio_is_the_lowest_selection_rate_by_the_highest():
    (found,) = of_two(30, 50)
    assert found["demographic_parity_ratio"] == pytest.approx(0.6)
    assert (found["lowest"], found["highest"]) == ("north", "south")
    assert found["demographic_parity_difference"] == pytest.approx(0.2)
    low, high = found["ratio_interval"]
    assert low < 0.6 < high
    assert groups.judged([found])["four_fifths"] == pytest.approx(0.6)


def test_a_ratio_of_groups_of_which_none_is_selected_is_not_known_rather_than_good():
    (found,) = of_two(0, 0)
    assert found["demographic_parity_ratio"] is None
    assert groups.judged([found])["four_fifths"] is None
    assert groups.judged([])["four_fifths"] is None


def test_a_group_of_few_rows_is_shown_and_not_compared():
    (found,) = of_two(10, 10, n=20)
    assert [level["compared"] for level in found["levels"]] == [False, False]
    assert found["demographic_parity_ratio"] is None


def test_figures_agree_with_fairlearn_s_definitions():
    rng = np.random.default_rng(3)
    n = 600
    frame = table("binary", n, seed=1)
    y, decided = rng.integers(0, 2, n), rng.integers(0, 2, n)
    rates = groups.of_binary(y, decided.astype(float), decided, 0.95)
    fields = [Field("place", levels=("north", "south", "west"))]
    (found,) = groups.groups(frame, fields, rates, 30, True)
    by_group = [frame["place"] == name for name in ("north", "south", "west")]
    selection = [decided[rows].mean() for rows in by_group]
    tpr = [decided[rows & (y == 1)].mean() for rows in by_group]
    fpr = [decided[rows & (y == 0)].mean() for rows in by_group]
    assert found["demographic_parity_ratio"] == pytest.approx(min(selection) / max(selection))
    assert found["equalized_odds_difference"] == pytest.approx(max(np.ptp(tpr), np.ptp(fpr)))
    assert found["equalized_odds_ratio"] == pytest.approx(min(min(tpr) / max(tpr), min(fpr) / max(fpr)))
