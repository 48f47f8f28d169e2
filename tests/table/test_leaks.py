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
    frame = pd.DataFrame({**columns, "noise": RNG.normal(size=len(target)), "y": target})
    return set(look(frame, "y", [c for c in frame if c != "y"], task))


@pytest.mark.parametrize(
    "target",
    [A + B, (A - B).round(2), A * B, (A * B).round(), A / B, (100 * A / B).round(1), (A * B / 1000).round(2)],
    ids=["sum", "difference", "product", "rounded product", "ratio", "percent", "thousands"],
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


@pytest.mark.parametrize("share", [0.38, 0.5, 0.2])
def test_a_strong_feature_is_left_alone_in_nearly_every_draw(share):
    """Its few other rows are of one class by luck in every eighth table."""
    n_suspected = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        label = np.where(rng.random(N) < share, "yes", "no")
        smell = np.where(rng.random(N) < 0.985, label, "faint")
        frame = pd.DataFrame({"smell": smell, "y": label})
        n_suspected += bool(suspected(frame, "y", ["smell"], "binary"))
    assert n_suspected <= 2


def test_a_rare_level_does_not_hide_what_was_written_after_the_event():
    reason = np.where(LEFT == "left", REASONS, "staying").astype(object)
    reason[np.flatnonzero(LEFT == "left")[:5]] = "retired"
    assert found(suspected, LEFT, "binary", reason=reason) == {"reason"}
    result = np.where(CLASS == "yes", "passed", "failed").astype(object)
    result[np.flatnonzero(CLASS == "no")[0]] = "void"
    assert found(suspected, CLASS, "binary", result=result) == {"result"}


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


# ---- kinds that a table written after the event brings, and their near misses ---------------------------------------

LEFT = np.where(NOISE > 0.3, "left", "stays")
REASONS = np.random.default_rng(5).choice(["pay", "boss", "move"], N)


def test_a_level_of_one_class_only_is_suspected_and_its_twins_with_it():
    reason = np.where(LEFT == "left", REASONS, "staying")
    notice = np.where(LEFT == "left", RNG.integers(1, 90, N), 0).astype(float)
    talked = pd.Series(np.where(LEFT == "left", "2024-03-01", None), dtype="str")
    assert found(suspected, LEFT, "binary", reason=reason, notice=notice, talked=talked) == {
        "reason",
        "notice",
        "talked",
    }


def test_columns_that_agree_with_a_rare_leak_by_being_absent_are_no_twins_of_it():
    """15 of 1,500 births are still, and 15 animals are belugas: in 98 of 100 rows neither says anything."""
    n = 1_500
    birth = np.where(np.arange(n) % 100 == 0, "still", "born")
    how = np.where(birth == "still", "dead", RNG.choice(["caught", "bred"], n))
    kind = np.where(np.arange(n) % 100 == 1, "beluga", "orca")
    assert found(suspected, birth, "binary", how=how, kind=kind) == {"how"}


def test_of_a_place_that_decides_the_class_other_columns_of_that_place_are_no_twins():
    place = RNG.choice([f"p{i}" for i in range(12)], N)
    where = np.char.add("borough ", (np.char.strip(place, "p").astype(int) // 4).astype(str))
    street = np.where(RNG.random(N) < 0.9, np.char.add("street ", place), "avenue")
    assert "avenue" not in found(suspected, where, "multiclass", place=place, street=street)
    assert found(suspected, where, "multiclass", place=place, street=street) == {"place"}


def test_a_column_that_goes_equally_with_both_classes_says_nothing():
    sex = np.tile(["m", "f"], N // 2)
    year = np.repeat([2014.0, 2015, 2016, 2017], N // 4)
    assert found(suspected, sex, "binary", year=year, place=np.repeat(["a", "b"], N // 2)) == set()


def test_a_level_that_some_of_the_other_class_have_is_not_suspected():
    reason = np.where(LEFT == "left", REASONS, "staying")
    some = np.flatnonzero(LEFT == "stays")[:12]
    reason[some] = "pay"
    notice = np.where(LEFT == "left", RNG.integers(0, 9, N), RNG.integers(0, 5, N)).astype(float)
    assert found(suspected, LEFT, "binary", reason=reason, notice=notice) == set()


def test_a_column_empty_for_one_class_is_suspected_and_one_empty_here_and_there_is_not():
    empty = np.where(LEFT == "left", np.nan, A)
    scattered = np.where(RNG.random(N) < 0.3, np.nan, A)
    assert found(suspected, LEFT, "binary", empty=empty, scattered=scattered) == {"empty"}


def test_zeros_of_a_claim_that_is_mostly_none_are_looked_at_like_a_class():
    claim = np.where(NOISE > 0.2, RNG.gamma(2, 500, N).round(2), 0.0)
    adjuster = pd.Series(np.where(claim > 0, REASONS, None), dtype="str")
    assert found(suspected, claim, adjuster=adjuster) == {"adjuster"}
    half = pd.Series(np.where((claim > 0) == (RNG.random(N) < 0.8), REASONS, None), dtype="str")  # likely, not always
    assert found(suspected, claim, half=half) == set()


def test_a_total_less_its_other_parts_is_suspected_though_a_surcharge_is_missing():
    tip, tolls, fare = RNG.gamma(2, 2, N).round(2), RNG.choice([0, 5.5], N), RNG.gamma(3, 5, N).round(2)
    total = fare + tip + tolls + RNG.choice([0.5, 0.8, 1.3], N)
    assert {"total", "tip", "tolls"} <= found(suspected, fare, total=total, tip=tip, tolls=tolls)
    assert found(suspected, fare, tip=tip, tolls=tolls, miles=fare / 2.5 + RNG.normal(0, 1, N)) == set()


@pytest.mark.parametrize("target", [A * B * 1.19, (A * B / 12).round(2)], ids=["with tax", "by the dozen"])
def test_a_product_times_a_constant_is_given_away(target):
    assert {"a", "b"} <= found(given_away, target, a=A, b=B)
    assert found(given_away, target * RNG.uniform(0.8, 1.2, N), a=A, b=B) == set()


def test_after_a_sum_its_twin_parts_are_looked_for():
    """The same total in another currency is found once the first parts are gone."""
    first, second = B, A - B
    assert {"a", "b", "c", "d"} <= found(given_away, A, a=first, b=second, c=A * 0.3, d=A * 0.7)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_each_note_on_a_leak_has_its_cure(task):
    from tests.table.columns import made

    n = 400
    cells = {"reason": [r if t == "left" else "staying" for r, t in zip(REASONS, LEFT, strict=True)], "size": list(A)}
    target = "answer"
    if task == "regression":
        cells = {
            "tip": list(B),
            "tolls": list((A - B).round(2) / 2),
            "part": list(((A - B) / 2).round(2)),
            "fare": list(A),
        }
        target = "fare"
    else:
        cells["answer"] = list(LEFT)
    assert len(cells["size" if task == "binary" else "tip"]) == n
    table = made(target=target, **cells)
    notes = [note for note in table.notes if "gives the target away" in note or "may give the target away" in note]
    assert notes and all("columns: {" in note or "problem.exclude" in note for note in notes)


DAY = pd.Timestamp(2021, 1, 1) + pd.to_timedelta(np.arange(N) % 300, "D")
TAKEN = np.arange(N) * 7 % 60 + 1


@pytest.mark.parametrize("hours", [24, 1], ids=["days", "hours"])
def test_a_time_that_two_dates_enclose_is_given_away_by_the_later_one(hours):
    ended = DAY + pd.to_timedelta(TAKEN * hours, "h")
    assert found(given_away, TAKEN.astype(float), begun=DAY, ended=ended) == {"ended"}
    assert found(given_away, TAKEN[::-1].astype(float), begun=DAY, ended=ended) == set()


def test_a_class_that_says_which_of_two_dates_is_first_is_suspected():
    due = DAY + pd.Timedelta(20, "D")
    delivered = DAY + pd.to_timedelta(TAKEN, "D")
    late = np.where(delivered > due, "late", "in time")
    assert found(suspected, late, "binary", ordered=DAY, due=due, delivered=delivered) == {"delivered"}
    assert found(suspected, CLASS, "binary", ordered=DAY, due=due, delivered=delivered) == set()


def test_bands_that_were_made_of_the_target_are_suspected():
    band = np.select([A > 55, A > 45], ["high", "middle"], "low")
    assert found(suspected, A, band=band) == {"band"}
    assert found(suspected, A, band=np.where(NOISE > 0, "high", "low")) == set()


def test_kinds_whose_measures_are_far_apart_are_no_bands():
    weight = np.where(CLASS == "yes", 4000 + 50 * A, B / 1000)
    assert found(suspected, weight, animal=np.where(CLASS == "yes", "elephant", "mouse")) == set()


def test_the_months_of_a_sum_that_runs_on_are_no_bands():
    total = np.arange(len(A)) * 3.0
    assert found(suspected, total, phase=np.repeat(["a", "b", "c", "d"], len(A) // 4 + 1)[: len(A)]) == set()
