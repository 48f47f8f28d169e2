"""plan: what is tried follows from the table's size and the budget, and from nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from lifecycle.model.families import FAMILIES
from lifecycle.model.shape import Shape, shape_of
from lifecycle.search.budget import Entry, make_plan, more_entries, shrunk
from tests.scratch import ROOT

BLOCKS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["train"]["candidates"]
ENTRIES = [Entry(name, name, hyper) for name, hyper in BLOCKS.items()]
LOGS = [replace(e, name=f"{e.name} log", log=True) for e in ENTRIES]


def cost(entry, shape):
    return FAMILIES[entry.candidate].cost(shape, entry.hyper)


def plan(rows, columns=20, outputs=2, budget=120, regression=False):
    return make_plan(ENTRIES, Shape(rows, columns, 2 * columns, outputs, regression), 5, budget, cost)


def run(entries, share):
    """These entries as if their folds had been stopped after that share of their rounds."""
    return [shrunk(e, share) if FAMILIES[e.candidate].rounds else e for e in entries]


def test_a_small_table_gets_everything_in_five_folds():
    small = plan(700)
    assert small.folds == 5 and small.refit and not small.left
    assert small.entries == ENTRIES


@pytest.mark.parametrize("rows", [300, 7_000, 50_000, 500_000])
@pytest.mark.parametrize("outputs", [1, 2, 7])
def test_the_work_planned_fits_the_budget(rows, outputs):
    planned = plan(rows, outputs=outputs, regression=outputs == 1)
    assert planned.seconds <= 120
    assert planned.entries[0].name == "linear" and len(planned.entries) >= 3


def test_a_larger_table_gets_fewer_folds_and_rounds():
    large = plan(500_000)
    assert large.folds == 1 and not large.refit
    before = {e.name: e.hyper for e in ENTRIES}["boosting"]
    after = {e.name: e.hyper for e in large.entries}["boosting"]
    assert after["max_iter"] < before["max_iter"] and after["learning_rate"] > before["learning_rate"]


def test_boosting_takes_larger_steps_before_a_candidate_is_cut():
    """All rounds fit 700 rows but not 5,000, where half of them, of larger steps, leave room for all the others."""
    middle = plan(5_000)
    assert middle.folds == 5 and not middle.left
    first, after = ({e.name: e.hyper for e in entries} for entries in (ENTRIES, middle.entries))
    assert after["boosting"]["max_iter"] == first["boosting"]["max_iter"] / 2
    assert 1.6 < after["boosting"]["learning_rate"] / first["boosting"]["learning_rate"] < 1.7
    assert after["network"] == first["network"] and after["extra_trees"] == first["extra_trees"]


def test_the_most_rounds_are_planned_only_with_all_candidates():
    """Budget by budget: no plan with the rounds of params.yaml leaves out a candidate."""
    plans = [plan(8_000, budget=budget) for budget in (20, 40, 60, 80, 120, 160, 240, 480)]
    rounds = [{e.name: e.hyper for e in one.entries}["boosting"]["max_iter"] for one in plans]
    assert rounds == sorted(rounds) and rounds[-1] == 2000
    assert not any(one.left for one, n in zip(plans, rounds, strict=True) if n == 2000)


def test_what_the_folds_did_not_ask_for_is_planned_for_what_was_left_out():
    wide = Shape(2_300, 80, 300, 1, True)
    planned = make_plan(ENTRIES + LOGS, wide, 5, 120, cost)
    assert planned.left == [e.name for e in planned.spare] and "boosting log" in planned.left
    assert not more_entries(planned, run(planned.entries, 1), wide, cost)
    more = more_entries(planned, run(planned.entries, 0.3), wide, cost)
    assert "boosting log" in [e.name for e in more]
    assert [e for e in planned.spare if e in more] == more  # in their order
    # a logarithm is expected to stop where its candidate did
    log, other = (next(e for e in LOGS if e.candidate == name) for name in ("boosting", "network"))
    only = planned._replace(spare=(log,), room=24)
    assert more_entries(only, run(planned.entries, 0.3), wide, cost) == [log]
    # of one that nothing is known of, all rounds are
    assert "network" not in [e.candidate for e in planned.entries]
    assert not more_entries(only._replace(spare=(other,)), run(planned.entries, 0.3), wide, cost)


def test_of_many_rows_what_was_left_out_stays_out():
    """There a fit takes longer than estimated, not shorter."""
    large = plan(30_000, columns=60, budget=20)
    assert large.left and not large.spare


def test_a_learning_rate_that_is_a_word_stays():
    """scikit-learn's own network has one, beside a number of epochs that is cut."""
    entry = Entry("mlp", "mlp", {"learning_rate": "adaptive", "max_iter": 200})
    assert shrunk(entry, 0.5).hyper == {"learning_rate": "adaptive", "max_iter": 100}
    without_end = Entry("svc", "svc", {"max_iter": -1, "n_estimators": None})
    assert shrunk(without_end, 0.5) == without_end


def test_where_nothing_fits_the_first_is_tried_all_the_same():
    tiny = plan(5_000_000, budget=0.1)
    assert [e.name for e in tiny.entries] == ["linear"]
    assert set(tiny.left) == set(BLOCKS) - {"linear"}


def test_less_effort_leaves_a_candidate_without_rounds_as_it_is():
    assert shrunk(ENTRIES[0], 0.1) == ENTRIES[0]


def test_the_shape_counts_what_the_encoders_make():
    rows = {
        "x": np.zeros(50),
        "c": np.array(["a", "b"] * 25, dtype=object),
        "t": np.array(["some text"] * 50, dtype=object),
    }
    shape = shape_of({"x": "number", "c": "category", "t": "text"}, rows, 3)
    assert shape == Shape(50, 20, 21, 3, False)


def test_a_block_may_leave_hyper_parameters_to_the_library():
    for name, candidate in FAMILIES.items():
        shape = Shape(1000, 10, 20, 2, False)
        assert candidate.cost(shape, {}) > 0 and candidate.latency({}, 10, 1) > 0 and candidate.size(shape, {}) >= 0, (
            name
        )
