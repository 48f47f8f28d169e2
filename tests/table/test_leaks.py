"""What gives the target away is found; what merely predicts well is left alone."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.table.leaks import given_away, suspected

N = 400
RNG = np.random.default_rng(0)
A, B, NOISE = RNG.normal(50, 9, N).round(2), RNG.normal(20, 5, N).round(2), RNG.normal(size=N)
CLASS = np.where(NOISE > 0.3, "yes", "no")
THREE = RNG.choice(["a", "b", "c"], N)


def found(look, target, task="regression", **columns) -> set[str]:
    frame = pd.DataFrame({**columns, "noise": RNG.normal(size=N), "y": target})
    return set(look(frame, "y", [c for c in frame if c != "y"], task))


@pytest.mark.parametrize(
    "target",
    [A + B, (A - B).round(2), A * B, (A * B).round(), A / B],
    ids=["sum", "difference", "product", "rounded product", "ratio"],
)
def test_parts_of_the_target_are_given_away(target):
    assert found(given_away, target, a=A, b=B) == {"a", "b"}


def test_parts_are_found_among_columns_made_of_the_same_parts():
    assert {"a", "b"} <= found(given_away, A + B, a=A, b=B, twice=2 * A, rest=A - B)


@pytest.mark.parametrize("copy", [A, A * 2.2046, 100 - A, np.log(A)], ids=["itself", "unit", "turned", "log"])
def test_the_target_in_another_form_is_given_away(copy):
    assert found(given_away, A, copy=copy) == {"copy"}


def test_the_target_in_another_spelling_is_given_away():
    assert found(given_away, CLASS, "binary", again=np.where(CLASS == "yes", 1.0, 0.0)) == {"again"}
    assert found(given_away, THREE, "multiclass", again=pd.Series(THREE).map({"a": "x", "b": "y", "c": "z"})) == {
        "again"
    }


def test_one_column_a_class_gives_the_target_away():
    one_hot = {f"is_{c}": (c == THREE).astype(float) for c in "abc"}
    assert found(given_away, THREE, "multiclass", **one_hot) == set(one_hot)


def test_a_strong_feature_is_neither_given_away_nor_suspected():
    """As the smell of mushrooms, which is right in 98 of 100, or a measure that is near the target."""
    smell = np.where(RNG.random(N) < 0.985, CLASS, "faint")
    for look in (given_away, suspected):
        assert found(look, CLASS, "binary", smell=smell, near=NOISE + RNG.normal(0, 0.1, N)) == set()
        assert found(look, A, near=A + RNG.normal(0, 0.5, N), half=A + B * RNG.random(N)) == set()


def test_among_rare_positives_a_constant_is_not_suspected():
    rare = np.where(np.arange(N) == 7, "yes", "no")
    flat = np.where(np.arange(N) % 50 == 0, "u", "v")
    for look in (given_away, suspected):
        assert found(look, rare, "binary", flat=flat, tick=(np.arange(N) == 9).astype(float)) == set()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("the number that was cut into the classes", NOISE),
        ("a column filled for one class only", np.where(CLASS == "yes", A, np.nan)),
        ("a tick for some of one class", pd.Series(np.where((CLASS == "yes") & (B > 20), "x", None), dtype="str")),
        ("values that each have one class", pd.Series([f"{c}{k}" for c, k in zip(CLASS, RNG.integers(0, 9, N), strict=True)])),
    ],
)  # fmt: skip
def test_what_may_give_the_target_away_is_suspected(name, column):
    assert found(suspected, CLASS, "binary", column=column) == {"column"}, name


def test_one_classs_tick_is_suspected():
    assert found(suspected, THREE, "multiclass", is_a=(THREE == "a").astype(float)) == {"is_a"}


def test_an_exact_weighted_sum_is_suspected():
    assert found(suspected, (0.3 * A + 0.7 * B).round(2), a=A, b=B) == {"a", "b"}


def test_a_few_blanks_that_chance_explains_are_not_suspected():
    blanks = np.where(np.cumsum(CLASS == "no") <= 8, np.nan, A)  # eight blanks, all of the larger class and some more
    assert found(suspected, CLASS, "binary", column=np.where(CLASS == "no", blanks, A)) == set()
