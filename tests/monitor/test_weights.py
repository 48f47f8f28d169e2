"""Rows weigh as the weight column says, where labels came and where they did not."""

import numpy as np
import pandas as pd
import pytest

from lifecycle.ground.metrics import Draw
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import live_of
from lifecycle.monitor.estimate import Known, estimated
from lifecycle.monitor.pictures import levels, numbers
from lifecycle.monitor.reference import Reference
from lifecycle.monitor.two_samples import Weights, compare, compare_relations, tell_apart
from lifecycle.monitor.verdict import assess
from lifecycle.table.contract import Contract
from tests.watched import ROOT, contract, rows, table


@pytest.fixture(params=["binary", "regression"])
def weighed(request):
    """A reference with a weight column, and live rows: half of them are predicted well and half badly, with the second's weight given."""
    task = request.param
    spec = contract(task)
    field = {"name": "importance", "type": "number", "role": "weight", "missingValues": [""], "constraints": {}}
    spec["fields"].append(field)
    known = Contract.read(spec)
    before = table(task, 600, 2).assign(importance=1.0)
    guess = _good(before, task)

    def result(weight_of_bad):
        live = rows(task, 400, 3)
        bad = np.arange(400) % 2 == 1
        live["importance"] = np.where(bad, weight_of_bad, 1.0)
        prediction = _good(live.assign(target=live["target"]), task)
        prediction[bad] = 1 - prediction[bad] if task == "binary" else prediction[bad] + 40
        cells = live.astype(str)
        reference = Reference(known, before, guess)
        return assess(reference, live_of(cells, known), prediction, MonitorParams.load(ROOT / "params.yaml"))

    return result


def _good(frame, task):
    if task == "regression":
        return frame["target"].to_numpy(float) + np.random.default_rng(0).normal(0, 1, len(frame))
    yes = frame["target"].to_numpy() == "yes"
    p = np.where(yes, 0.8, 0.2)
    return np.column_stack([1 - p, p])


def test_rows_that_weigh_nothing_do_not_spoil_the_score(weighed):
    light, heavy = weighed(0.0)["live_measured"], weighed(5.0)["live_measured"]
    assert light < heavy / 2


def test_a_bias_among_rows_that_weigh_nothing_is_none(weighed):
    named = {c["name"]: c for c in weighed(0.0)["checks"]}
    assert named["outcomes as expected"]["verdict"] == "ok"


def test_the_estimate_weighs_as_well():
    rng = np.random.default_rng(0)
    sure = np.where(rng.random(600) < 0.5, 0.98, 0.02)
    known = Known((rng.random(600) < sure).astype(int), np.column_stack([1 - sure, sure]))
    p = np.where(np.arange(400) % 2, 0.5, 0.98)
    prediction = np.column_stack([1 - p, p])
    weights = {"all": None, "sure": (p > 0.5).astype(float)}
    found = {k: estimated("log_loss", prediction, known, Draw(50, 0.95, 0), weight=w).value for k, w in weights.items()}
    assert found["sure"] < found["all"] / 2


# ---- drift of columns, relations and whole rows: half of the live rows come from elsewhere, and weigh `of_strange` ----

N = 600


def sides(of_strange, seed=0):
    """(reference, live, weights): two numbers, a category and a text; every other live row is another kind of row."""
    rng = np.random.default_rng(seed)
    strange = np.concatenate([np.zeros(N, dtype=bool), np.arange(N) % 2 == 1])
    size = rng.normal(0, 1, 2 * N) + 2 * strange
    frame = pd.DataFrame({
        "size": size,
        "twin": np.where(strange, -size, size) + rng.normal(0, 0.3, 2 * N),
        "place": np.where(strange, "abroad", rng.choice(["north", "south"], 2 * N)),
        "note": np.where(strange, "came from abroad", "nothing to say"),
    })  # fmt: skip
    return frame[:N], frame[N:], Weights(rng.uniform(0.5, 1.5, N), np.where(strange[N:], of_strange, 1.0))


@pytest.mark.parametrize(("column", "kind"), [("size", "number"), ("place", "category"), ("note", "text")])
def test_a_column_drifts_by_the_weight_of_its_rows(column, kind):
    a, b, nothing = sides(0.0)
    assert compare(kind, a[column], b[column]).p < 1e-6, "each row counts as one where there is no weight"
    assert compare(kind, a[column], b[column], nothing).p > 1e-3
    a, b, half = sides(1.0)
    found = compare(kind, a[column], b[column], half)
    assert found.p < 1e-6 and 0.3 < found.effect < 0.6


def test_relations_and_whole_rows_change_by_weight():
    kinds = {"size": "number", "twin": "number", "place": "category"}

    def correlation(a, b, weights):
        found = compare_relations(a, b, kinds, weights)
        return next(change for one, other, change in found if (one, other) == ("size", "twin"))

    a, b, nothing = sides(0.0)
    assert correlation(a, b, None).p < 1e-6 < correlation(a, b, nothing).p
    assert tell_apart(a, b, kinds, 4000, 1, nothing).effect < 0.6 < tell_apart(a, b, kinds, 4000, 1).effect
    a, b, heavy = sides(5.0)
    assert correlation(a, b, heavy).p < 1e-6 and tell_apart(a, b, kinds, 4000, 1, heavy).p < 1e-6


def test_unlike_weights_raise_no_false_alarm():
    """As many rows tell less where a few of them weigh most."""
    p = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b = (pd.Series(rng.normal(0, 1, 300)) for _ in range(2))
        weights = Weights(rng.exponential(1, 300) ** 2, rng.exponential(1, 300) ** 2)
        p.append([compare("number", a, b, weights).p, compare("category", a > 0, b > 0, weights).p])
    assert (np.array(p) < 0.05).mean() <= 0.1


def test_equal_weights_are_as_none():
    a, b, _ = sides(1.0)
    ones = Weights(np.ones(N), np.ones(N))
    for column, kind in (("size", "number"), ("place", "category"), ("note", "text")):
        with_them, without = compare(kind, a[column], b[column], ones), compare(kind, a[column], b[column])
        assert with_them.effect == pytest.approx(without.effect, abs=0.01)


def test_a_picture_shows_shares_of_the_weight():
    a, b, nothing = sides(0.0)
    drawn = {bar["name"]: bar["shares"][1] for bar in levels(a["place"], b["place"], nothing)["bars"]}
    assert drawn["abroad"] == 0 and drawn["north"] + drawn["south"] == pytest.approx(1)
    assert (
        abs(numbers(a["size"], b["size"], nothing)["live"]["mean"])
        < 0.2
        < numbers(a["size"], b["size"])["live"]["mean"]
    )
