"""A slice is judged beside its own baseline, with the chance among many slices, and everybody names the same weakest one."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.evaluate.slices import Judge, adjusted, described, levels, named, ranked, slices, surely_below
from lifecycle.ground.metrics import Draw
from lifecycle.table.contract import Field

DRAW = Draw(200, 0.95, 1)
KIND, PLACE = Field("kind"), Field("place")


def judged(frame, fields, y, p, metric="log_loss", naive=None, weight=None, min_rows=30):
    if naive is None:
        naive = np.tile(np.bincount(y.astype(int)) / len(y), (len(y), 1))
    judge = Judge(metric, y, p, naive, weight, DRAW)
    return slices(frame, fields, judge, max_slices=60, max_levels=12, min_rows=min_rows)


def two_sided(p):
    return np.column_stack([1 - p, p])


def even_and_odd(n=600):
    """Outcomes of `even` are even and well told; those of `odd` nearly all alike, and told no better than their share."""
    rng = np.random.default_rng(1)
    even = np.arange(n) < n // 2
    y = np.where(even, rng.random(n) < 0.5, rng.random(n) < 0.04).astype(int)
    p = np.where(even, np.where(y == 1, 0.65, 0.35), 0.25)
    return pd.DataFrame({"kind": np.where(even, "even", "odd")}), y, two_sided(p)


def test_the_weakest_is_the_one_of_least_skill_though_another_has_the_worse_score():
    frame, y, p = even_and_odd()
    first, second = ranked(judged(frame, [KIND], y, p))
    assert (first["level"], second["level"]) == ("odd", "even")
    assert first["score"] < second["score"]
    assert first["weaker"] and not second["weaker"]
    assert first["skill"] == pytest.approx(1 - first["score"] / first["baseline"])
    assert first["skill_low"] <= first["skill"] <= first["skill_high"]


def test_among_many_slices_of_noise_hardly_any_is_called_weaker():
    rng = np.random.default_rng(2)
    n, columns = 2000, [f"c{i}" for i in range(12)]
    frame = pd.DataFrame({name: rng.choice(list("abcde"), n) for name in columns})
    y = rng.integers(0, 2, n)
    p = two_sided(np.clip(0.5 + 0.3 * (y - 0.5) + rng.normal(0, 0.1, n), 0.05, 0.95))
    found = judged(frame, [Field(name) for name in columns], y, p)
    assert len(found) >= 60
    assert sum(one["weaker"] for one in found) <= 1


def corner(n=4000):
    """Wrong where kind is b and place is south, right elsewhere."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"kind": rng.choice(list("abc"), n), "place": rng.choice(["north", "south"], n)})
    y = rng.integers(0, 2, n)
    bad = ((frame["kind"] == "b") & (frame["place"] == "south")).to_numpy()
    told = np.where(bad, rng.integers(0, 2, n), y)
    return frame, y, two_sided(np.where(told == 1, 0.8, 0.2))


def test_two_levels_that_are_bad_only_together_are_found():
    frame, y, p = corner()
    found = judged(frame, [KIND, PLACE], y, p)
    first = ranked(found)[0]
    assert named(first) == "kind = b and place = south"
    assert first["weaker"] and first["n"] == ((frame["kind"] == "b") & (frame["place"] == "south")).sum()
    assert sum(len(one["where"]) == 2 for one in found) == 1


def test_no_pair_is_shown_where_one_column_explains_it():
    frame, y, p = even_and_odd(3000)
    frame["place"] = np.random.default_rng(4).choice(["north", "south"], len(frame))
    assert all(len(one["where"]) == 1 for one in judged(frame, [KIND, PLACE], y, p))


def test_a_baseline_that_is_perfect_leaves_no_skill_and_no_rank():
    y = np.repeat([0, 1, 0], [60, 60, 60])
    frame = pd.DataFrame({"kind": np.repeat(["mixed", "alike"], [120, 60])})
    found = judged(frame, [KIND], y, y, metric="accuracy", naive=np.zeros(180, dtype=int))
    last = ranked(found)[-1]
    assert last["level"] == "alike" and np.isnan(last["skill"])
    assert not last["weaker"]


def test_values_are_judged_beside_the_mean_on_the_same_rows():
    rng = np.random.default_rng(5)
    y = np.concatenate([rng.normal(0, 1, 300), rng.normal(50, 1, 300)])
    frame = pd.DataFrame({"kind": np.repeat(["low", "high"], 300)})
    naive = np.full(600, 0.0)
    low, high = judged(frame, [KIND], y, np.repeat([0.0, 50.0], 300), "rmse", naive)
    assert (low["level"], high["level"]) == ("low", "high")
    assert low["skill"] == pytest.approx(0, abs=0.05) and high["skill"] > 0.9


def test_a_slice_below_the_floor_by_chance_is_not_surely_below():
    def one(skill, error):
        return {"skill": skill, "skill_se": error, "where": []}

    sure, unlucky, good = one(-0.2, 0.02), one(-0.3, 0.3), one(0.4, 0.1)
    assert surely_below([good, unlucky, sure], 0.0) == [sure]
    assert surely_below([], 0.0) == []
    assert surely_below([one(None, None)], 0.0) == []


def test_q_is_benjamini_and_hochberg_s():
    assert adjusted([0.01, 0.02, 0.03, 0.5]).tolist() == pytest.approx([0.04, 0.04, 0.04, 0.5])
    assert len(adjusted([])) == 0


def test_a_slice_is_described_by_its_own_baseline():
    frame, y, p = even_and_odd()
    text = described(ranked(judged(frame, [KIND], y, p))[0], "log loss")
    assert text.startswith("kind = odd (300 rows): log loss 0.313, ")
    assert "baseline on the same rows 0.334, skill 0.0612 [0." in text


def test_a_boolean_has_the_words_of_the_table():
    values = pd.Series([1.0, 0.0, np.nan])
    field = Field("member", type="boolean", true_values=("yes",), false_values=("no",))
    assert levels(values, field, 12).tolist() == ["yes", "no", "(missing)"]
    several = Field("member", type="boolean", true_values=("1", "true"), false_values=("0", "false"))
    assert levels(values, several, 12).tolist() == ["true", "false", "(missing)"]


def test_a_row_that_weighs_as_much_as_all_others_makes_no_slice():
    frame, y, p = even_and_odd()
    weight = np.ones(len(y))
    weight[0] = 1e6
    assert [one["level"] for one in judged(frame, [KIND], y, p, weight=weight)] == ["odd"]
