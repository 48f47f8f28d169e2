"""Rows weigh as the weight column says, where labels came and where they did not."""

import numpy as np
import pytest

from lifecycle.ground.metrics import Draw
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import live_of
from lifecycle.monitor.estimate import Known, estimated
from lifecycle.monitor.reference import Reference
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
