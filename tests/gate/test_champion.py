"""The champion at the gate: whose code answers for it, and what a candidate has to be to take its place."""

import numpy as np
import pytest

from lifecycle.gate.champion import as_judged, check_champion, in_classes
from lifecycle.ground.files import write_yaml
from lifecycle.ground.metrics import paired_difference
from lifecycle.ground.words import short
from lifecycle.model.model import encode_target
from lifecycle.model.store import load_model, save_model
from lifecycle.table.contract import Contract
from tests import small_model
from tests.bundles import AskedHere, add_code, features_of_today
from tests.settings import settings
from tests.watched import contract

PARAMS = settings("validate", n_bootstrap=200)
TEST = small_model.table("binary", 300, seed=2)


@pytest.fixture
def asked_here(monkeypatch):
    monkeypatch.setattr("lifecycle.gate.champion.Released", AskedHere)


def champion(folder, model=None):
    """A bundle of `model`, or of the small model."""
    save_model(model or small_model.fitted("binary"), folder, {"name": "linear", "task": "binary", "n_rows": 400})
    write_yaml(folder / "contract.yaml", contract("binary"))
    return folder


def judged(model, folder, metric="log_loss", **changes):
    content = contract("binary")
    content["problem"]["metric"] = metric
    told = Contract.read(content)
    y = encode_target(TEST["target"], told)
    return check_champion(model, TEST, y, None, told, settings("validate", n_bootstrap=200, **changes), folder)


def clueless():
    """A model that answers the baseline."""
    model = small_model.fitted("binary")
    pipeline = model.members[0][1]
    pipeline[-1].coef_ = np.zeros_like(pipeline[-1].coef_)
    return model


def test_the_champion_is_compared_by_what_each_decides_where_the_metric_judges_decisions(tmp_path, asked_here):
    """The same probabilities and another threshold are another model to f1, and the same one to log_loss."""
    model, careless = small_model.fitted("binary"), small_model.fitted("binary")
    careless.threshold = 0.999
    folder = champion(tmp_path / "bundle")
    row = judged(careless, folder, "f1")
    assert row.passed is False and row.measured < -0.5
    assert judged(model, folder, "f1").measured == 0.0
    assert judged(careless, folder).measured == 0.0
    model.classes = ["no", "maybe"]  # "yes" is not one of its classes any more
    assert set(as_judged(careless, careless.predictions(TEST), model, "accuracy")) <= {0, -1}


def test_a_first_model_has_no_champion_to_beat(tmp_path):
    assert judged(small_model.fitted("binary"), tmp_path).measured == "no champion"


def test_gate_rejects_what_is_worse_than_the_champion(tmp_path, asked_here):
    model, worse = small_model.fitted("binary"), clueless()
    good, weak = champion(tmp_path / "good"), champion(tmp_path / "weak", worse)
    assert not judged(worse, good).passed and judged(model, weak).passed
    assert judged(model, good).passed, "itself"
    assert judged(worse, good, champion="ignore").passed


def test_a_champion_whose_file_was_changed_is_never_loaded(tmp_path):
    folder = add_code(champion(tmp_path / "bundle"))
    (folder / "model.joblib").write_bytes((folder / "model.joblib").read_bytes() + b"x")
    row = judged(small_model.fitted("binary"), folder)
    assert not row.passed and "is not the file" in row.why


def test_champion_of_fewer_classes_is_compared_in_the_candidate_s_order():
    model = small_model.fitted("binary")

    class Champion:
        task, classes, n_rows = "binary", ["yes", "no"], 100

    p = in_classes(np.array([[0.9, 0.1]]), Champion(), model)
    assert model.classes == ["no", "yes"] and p[0, 1] > 0.89


def test_an_edited_work_tree_changes_no_figure_of_the_champion(tmp_path, monkeypatch):
    """The bundle's own add_features halves the signal; the work tree's, under the same name, does nothing."""
    model = small_model.fitted("binary")
    model.add_features = features_of_today(monkeypatch)
    halved = "def add_features(frame):\n    return frame.assign(signal=frame['signal'] / 2)\n"
    folder = add_code(champion(tmp_path / "bundle", model), custom_features=halved)
    row = judged(model, folder)
    y = encode_target(TEST["target"], Contract.read(contract("binary")))
    theirs = model.predictions(TEST.assign(signal=TEST["signal"] / 2))
    gain, low, high = paired_difference("log_loss", y, model.predictions(TEST), theirs, PARAMS.draw)
    assert (
        row.why == f"gain over the champion {short(gain)}, between {short(low)} and {short(high)}" and abs(gain) > 0.01
    )


def test_a_model_is_loaded_only_where_its_file_is_the_stated_one(tmp_path):
    folder = champion(tmp_path / "bundle")
    assert load_model(folder).classes == ["no", "yes"]
