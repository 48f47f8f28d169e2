"""The champion at the gate: whose code answers for it, and what a candidate has to be to take its place."""

import numpy as np
import pytest

from lifecycle.gate.champion import as_judged, check_champion, in_classes
from lifecycle.ground.files import write_yaml
from lifecycle.ground.metrics import paired_difference
from lifecycle.ground.words import short
from lifecycle.model.learned import FILE, is_learned, read_learned, write_learned
from lifecycle.model.model import encode_target
from lifecycle.model.store import load_model, save_model
from lifecycle.table.contract import Contract
from tests import small_model
from tests.bundles import AskedHere, add_code, features_of_today
from tests.settings import settings
from tests.watched import contract

PARAMS = settings("validate", n_bootstrap=200)
TEST = small_model.table("binary", 300, seed=2)
TEST["__row__"] = np.random.default_rng(5).integers(0, 2**63, 300).astype(np.uint64) * np.uint64(2)


@pytest.fixture
def asked_here(monkeypatch):
    monkeypatch.setattr("lifecycle.gate.champion.Released", AskedHere)


def champion(folder, model=None):
    """A bundle of `model`, or of the small model."""
    save_model(model or small_model.fitted("binary"), folder, {"name": "linear", "task": "binary", "n_rows": 400})
    write_yaml(folder / "contract.yaml", contract("binary"))
    return folder


def judged(model, folder, metric="log_loss", told=None, test=TEST, **changes):
    told = told or contract("binary")
    told["problem"]["metric"] = metric
    told = Contract.read(told)
    y = encode_target(test[told.problem.target], told)
    return check_champion(
        model,
        test,
        y,
        None,
        told,
        settings("validate", **({"n_bootstrap": 200, "champion_margin": 0} | changes)),
        folder,
    )


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
    assert row.why.startswith(
        f"gain over the champion {short(gain)}, between {short(low)} and {short(high)}, on 300 rows"
    )
    assert abs(gain) > 0.01


def test_a_model_is_loaded_only_where_its_file_is_the_stated_one(tmp_path):
    folder = champion(tmp_path / "bundle")
    assert load_model(folder).classes == ["no", "yes"]


# ---- on which rows --------------------------------------------------------------------------------------------------


def test_it_is_judged_on_rows_that_it_has_not_learned(tmp_path, asked_here):
    """Of the rows it learned it knows the answer by heart; on the others the candidate is as good."""
    folder, model = champion(tmp_path / "bundle"), small_model.fitted("binary")
    write_learned(folder / FILE, TEST["__row__"].to_numpy()[:200])
    better = small_model.fitted("binary")
    better.members[0][1][-1].coef_ *= 1.1
    row = judged(better, folder)
    assert "on 100 rows that neither has learned, of 300" in row.why
    alone = judged(better, folder, test=TEST.iloc[200:].reset_index(drop=True))
    assert row.measured == alone.measured and "100 rows that neither has learned" in alone.why
    assert judged(model, folder).measured == 0.0


def test_with_too_few_new_rows_it_is_not_comparable_and_nobody_is_called_worse(tmp_path, asked_here):
    folder = champion(tmp_path / "bundle")
    write_learned(folder / FILE, TEST["__row__"].to_numpy()[:260])
    row = judged(clueless(), folder)
    assert row.measured == "not comparable" and not row.passed
    assert "the champion learned 260 of these 300 rows" in row.why and "worse" not in row.why
    for cure in ("make retrain", "a fresh batch", "validate.champion to ignore"):
        assert cure in row.why
    assert judged(clueless(), folder, min_compared=40).measured != "not comparable"


def test_a_champion_that_does_not_say_what_it_learned_is_compared_and_that_is_said(tmp_path, asked_here):
    row = judged(clueless(), champion(tmp_path / "bundle"))
    assert "on 300 rows; the champion was released before the rows it learned were recorded" in row.why


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"target": "member"}, 'it predicts "target", the candidate "member"'),
        ({"task": "regression", "classes": []}, "it was made for binary, the candidate for regression"),
        ({"classes": ["no", "yes", "maybe"]}, "it knows the classes no, yes; the candidate no, yes, maybe"),
    ],
)
def test_another_question_is_not_compared(tmp_path, asked_here, change, told):
    other = contract("binary")
    folder = champion(tmp_path / "bundle")
    other["problem"] |= change
    row = check_champion(small_model.fitted("binary"), TEST, np.zeros(300), None, Contract.read(other), PARAMS, folder)
    assert row.measured == "not comparable" and row.passed
    assert told in row.why and "major version" in row.why


def test_the_same_classes_in_another_order_are_the_same_question(tmp_path, asked_here):
    other = contract("binary")
    other["problem"]["classes"] = ["yes", "no"]
    folder = champion(tmp_path / "bundle")
    write_yaml(folder / "contract.yaml", other)
    assert judged(small_model.fitted("binary"), folder).measured == 0.0


def test_a_sure_loss_within_the_margin_passes_and_is_said(tmp_path, asked_here):
    folder, worse = champion(tmp_path / "bundle"), small_model.fitted("binary")
    worse.members[0][1][-1].coef_ *= 0.2
    sure = judged(worse, folder)
    assert not sure.passed and sure.measured < 0
    allowed = judged(worse, folder, champion_margin=0.9)
    assert allowed.passed and allowed.measured == sure.measured
    assert allowed.why.startswith("worse, and by less than") and "validate.champion_margin" in allowed.why
    assert not judged(clueless(), folder, champion_margin=0.9).passed, "that loses all of the champion's gain"


def test_what_the_candidate_leaves_out_the_champion_is_asked_with(tmp_path, asked_here, monkeypatch):
    """As without or with a column: the champion keeps its own columns, from the raw table."""
    folder, baseline = champion(tmp_path / "bundle"), small_model.fitted("binary")
    monkeypatch.setattr(baseline, "predictions", lambda frame: baseline.baseline_predictions(len(frame)))
    without = contract("binary")
    without["fields"] = [f for f in without["fields"] if f["name"] not in ("signal", "member")]
    raw = TEST.drop(columns=["__row__", "__source__"]).assign(member=TEST["member"].map({1.0: "yes", 0.0: "no"}))
    (tmp_path / "data/raw").mkdir(parents=True)
    raw.to_csv(tmp_path / "data/raw/rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    row = judged(baseline, folder, told=without, test=TEST.drop(columns=["signal", "member"]))
    assert row.why == judged(baseline, folder).why and not row.passed


@pytest.mark.parametrize("n", [0, 1, 1_000, 50_000])
def test_what_was_learned_is_kept_in_a_few_bytes_a_row(tmp_path, n):
    rng = np.random.default_rng(1)
    rows, others = (rng.integers(0, 2**64, n, dtype=np.uint64) for _ in range(2))
    write_learned(tmp_path / FILE, rows)
    learned = read_learned(tmp_path / FILE)
    assert is_learned(learned, rows).all() and not is_learned(learned, others).any()
    assert (tmp_path / FILE).stat().st_size <= 4.5 * n + 100


def test_a_bundle_of_before_says_nothing(tmp_path):
    assert read_learned(tmp_path / FILE) is None
