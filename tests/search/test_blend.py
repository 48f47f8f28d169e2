"""blend: greedy weights on out-of-fold answers."""

import numpy as np

from lifecycle.search.blend import DRAWS, bagged_weights, clearly_better, drawn_rows, greedy_weights

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


FEW = TRUTH[:150]
TWINS = [FEW + RNG.normal(0, 0.5, 150) for _ in range(6)]


def few(prediction, rows):
    return float(np.sqrt(np.mean((prediction - FEW[rows]) ** 2)))


def test_on_few_rows_the_weights_of_equals_lie_nearer_to_each_other():
    greedy = greedy_weights(TWINS, lambda p: few(p, slice(None)), anything)
    bagged = bagged_weights([TWINS] * DRAWS, few, anything, drawn_rows(FEW, 1))
    assert abs(bagged.sum() - 1) < 1e-12 and bagged.std() < greedy.std()


def test_what_is_bad_gets_nothing_in_any_draw():
    weights = bagged_weights([[BAD[:150], *TWINS]] * DRAWS, few, anything, drawn_rows(FEW, 1))
    assert weights[0] == 0 and (weights[1:] > 0).sum() > 1


def test_draws_whose_members_are_too_large_together_give_no_weights():
    assert bagged_weights([TWINS] * DRAWS, few, lambda chosen: len(chosen) < 2, drawn_rows(FEW, 1)) is None


def test_a_draw_holds_as_many_of_a_rare_class_as_there_are():
    y = np.repeat([0, 1], [97, 3])
    for rows in drawn_rows(y, 1):
        assert len(rows) == 100 and (y[rows] == 1).sum() == 3


def test_of_few_rows_the_best_of_equals_is_chance_and_a_far_better_one_is_not():
    luckiest, second = sorted(TWINS, key=lambda p: few(p, slice(None)))[:2]
    assert few(luckiest, slice(None)) < few(second, slice(None))

    def beats(one, other):
        return clearly_better([one] * DRAWS, [other] * DRAWS, few, drawn_rows(FEW, 1))

    assert not beats(luckiest, second)
    assert beats(FEW + 0.1, luckiest) and not beats(luckiest, FEW + 0.1)


def test_what_is_steady_only_in_the_mean_of_many_fits_gets_no_more_weight_for_it():
    """Each draw sees one fit of a member, as the model will have one; the mean of ten would be the best of all."""
    unsteady = [FEW + RNG.normal(0, 1.2, 150) for _ in range(DRAWS)]
    steady = FEW + RNG.normal(0, 0.5, 150)
    draws = drawn_rows(FEW, 1)
    by_fit = bagged_weights([[one, steady] for one in unsteady], few, anything, draws)
    by_mean = bagged_weights([[np.mean(unsteady, axis=0), steady]] * DRAWS, few, anything, draws)
    assert by_fit[0] < 0.4 < 0.5 < by_mean[0]
