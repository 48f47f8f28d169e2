"""validate: the gate passes what is good and right, and names what is not."""

import json
import random
import shutil

import numpy as np
import pandas as pd
import pytest

from lifecycle.evaluate.decision import OutOfFold
from lifecycle.gate.good import check_criteria, check_out_of_fold, check_slices
from lifecycle.gate.right import check_batches, check_latency, check_leaks, check_missing, check_size, measure_latency
from lifecycle.ground.errors import UserError
from lifecycle.model.model import encode_target
from lifecycle.model.store import load_model
from lifecycle.table.contract import Problem, read_contract
from tests.scratch import run_stages, scratch


def table(signal: float, n: int = 400, seed: int = 1) -> str:
    """A yes/no target that `size` and `kind` tell, as far as `signal` (0: not at all) lets them."""
    rng = random.Random(seed)
    lines = ["size,kind,note,bought"]
    for _ in range(n):
        size, kind = rng.gauss(0, 1), rng.choice("abc")
        logit = signal * (size + (kind == "a"))
        lines.append(
            f"{size:.3f},{kind},{rng.choice('xyz')},{'yes' if rng.random() < 1 / (1 + np.exp(-logit)) else 'no'}"
        )
    return "\n".join(lines) + "\n"


STAGES = ("define", "clean", "split", "train", "evaluate")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A project whose model is good, up to evaluate."""
    folder = scratch(tmp_path_factory.mktemp("good"), table(signal=2), "bought")
    run_stages(folder, *STAGES)
    return folder


@pytest.fixture(scope="module")
def parts(good):
    """(model, test rows, codes, contract, evaluation)"""
    contract, test = read_contract(good / "data/contract.yaml"), pd.read_parquet(good / "data/test.parquet")
    (evaluation,) = json.loads((good / "reports/evaluation.json").read_text())
    return load_model(good / "models/candidate"), test, encode_target(test["bought"], contract), contract, evaluation


def failed(folder) -> list[str]:
    told = json.loads((folder / "reports/validation.json").read_text())
    assert told["passed"] is not any(not c["passed"] for c in told["checks"])
    return [c["name"] for c in told["checks"] if not c["passed"]]


def test_gate_passes_a_good_model_and_says_why_in_each_row(good):
    run_stages(good, "validate")
    told = json.loads((good / "reports/validation.json").read_text())
    assert failed(good) == []
    assert all(c.keys() == {"name", "measured", "required", "passed", "why"} and c["why"] for c in told["checks"])
    assert told["passed"] is True and told["failed"] == 0


def test_gate_rejects_a_model_of_noise_and_the_run_goes_on(tmp_path):
    folder = scratch(tmp_path, table(signal=0), "bought")
    done = run_stages(folder, *STAGES, "validate")
    assert done.returncode == 0  # experiments must stay comparable
    assert "beats the naive baseline" in failed(folder)
    told = json.loads((folder / "reports/validation.json").read_text())
    assert told["passed"] is False and told["failed"] == len(failed(folder))


def test_gate_rejects_what_misses_a_criterion(good, tmp_path):
    folder = shutil.copytree(good, tmp_path / "p")
    contract = (folder / "data/contract.yaml").read_text()
    (folder / "data/contract.yaml").write_text(contract.replace("criteria: {}", "criteria: {roc_auc: '>= 0.999'}"))
    done = run_stages(folder, "validate")
    assert failed(folder) == ["criterion roc_auc"]
    assert "failed: criterion roc_auc" in done.stdout and "required >= 0.999" in done.stdout


@pytest.mark.parametrize(
    ("criteria", "passes"),
    [
        ({"roc_auc": ">= 0.6"}, True),
        ({"roc_auc": "0.999"}, False),
        ({"log_loss": "<= 0.1"}, False),
        ({"log_loss": 0.69}, True),
        ({"roc_auc": ">= 60 %"}, True),
        ({"roc_auc": ">60%"}, True),
    ],
)
def test_a_criterion_without_a_sign_goes_the_metric_s_own_way(parts, criteria, passes):
    (row,) = check_criteria(Problem("bought", "binary", criteria=criteria), parts[4])
    assert row.passed is passes


@pytest.mark.parametrize(("ratio", "passes"), [(0.85, True), (0.79, False), (None, False)])
def test_groups_and_coverage_can_be_asked_for_and_what_is_not_known_fails(ratio, passes):
    group = {"column": "sex", "demographic_parity_ratio": ratio, "lowest": "f", "highest": "m"}
    evaluation = {"metrics": {}, "judged": {"four_fifths": ratio, "coverage": ratio}, "groups": [group]}
    problem = Problem("bought", "binary", criteria={"four_fifths": ">= 0.8", "coverage": ">= 80%"})
    of_groups, of_coverage = check_criteria(problem, evaluation)
    assert of_groups.passed is of_coverage.passed is passes
    assert "sex: " in of_groups.why


@pytest.mark.parametrize(
    ("criteria", "told"), [({"roc_auc": "good"}, "write it like"), ({"rok_auc": 0.8}, 'did you mean "roc_auc"')]
)
def test_a_criterion_that_cannot_be_read_is_one_line(parts, criteria, told):
    with pytest.raises(UserError, match=told):
        check_criteria(Problem("bought", "binary", criteria=criteria), parts[4])


def a_slice(n, skill, skill_se, **scores):
    ends = {"skill_low": skill - 2 * skill_se, "skill_high": skill + 2 * skill_se}
    return {"where": [["kind", "d"]], "n": n, "skill": skill, "skill_se": skill_se, **ends, **scores}


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        ({"value": 174.0, "low": 160.0, "high": 190.0, "baseline": 500.0}, False),  # a total row was learned
        ({"value": 4700.0, "low": 4000.0, "high": 5600.0, "baseline": 9000.0}, True),
        ({"value": 300.0, "low": 100.0, "high": 2000.0, "baseline": 500.0}, True),  # few test rows: who knows
    ],
)
def test_gate_rejects_an_out_of_fold_score_far_from_the_tests(told, passes):
    y_true, weight = np.arange(500.0), np.ones(500)
    prediction = y_true + np.where(y_true == 7, 107_000, 100)
    evaluation = {"metric": "rmse", "metrics": {"rmse": told}}
    check = check_out_of_fold(evaluation, OutOfFold(y_true, prediction, weight))
    assert check.passed is passes and 4_700 < check.measured < 4_900
    assert ("a few rows decide" in check.why) is not passes
    assert check_out_of_fold(evaluation, None).passed is False


def test_gate_rejects_a_slice_that_is_surely_below_the_baseline(parts):
    evaluation = json.loads(json.dumps(parts[4]))
    assert check_slices(evaluation, 0.0).passed
    evaluation["slices"].append(a_slice(90, score=0.9, baseline=0.6, skill=-0.5, skill_se=0.05))
    row = check_slices(evaluation, 0.0)
    assert not row.passed and "kind = d" in row.why
    assert row.measured == -0.5


def test_a_small_slice_that_may_be_unlucky_is_not_rejected(parts):
    evaluation = json.loads(json.dumps(parts[4]))
    evaluation["slices"].append(a_slice(31, score=0.66, baseline=0.6, skill=-0.1, skill_se=0.15))
    assert check_slices(evaluation, 0.0).passed


def test_a_slice_far_below_is_found_behind_a_weaker_one_that_may_be_unlucky(parts):
    evaluation = json.loads(json.dumps(parts[4]))
    unlucky = a_slice(31, score=0.9, baseline=0.6, skill=-0.5, skill_se=0.4)
    sure = a_slice(900, score=0.72, baseline=0.6, skill=-0.2, skill_se=0.01) | {"where": [["kind", "e"]]}
    evaluation["slices"] += [sure, unlucky]
    row = check_slices(evaluation, 0.0)
    assert not row.passed
    assert "the weakest" in row.why and row.why.endswith("significantly below: kind = e")


def test_gate_suspects_a_column_that_alone_gives_the_target_away(parts, good):
    test, contract = parts[1].copy(), parts[3]
    train = pd.read_parquet(good / "data/train.parquet")
    assert check_leaks(train, test, contract, 0.999).passed
    for frame in (train, test):
        frame["size"] = (frame["bought"] == "yes") + np.linspace(0, 0.5, len(frame))
    row = check_leaks(train, test, contract, 0.999)
    assert not row.passed and '"size" alone' in row.why and "problem.exclude" in row.why


class LooksAtNeighbours:
    """What an add_features that takes a mean over the rows makes of a model."""

    def __init__(self, model):
        self.model = model

    def predictions(self, rows):
        return self.model.predictions(rows.assign(size=rows["size"] - rows["size"].mean()))


def test_gate_rejects_answers_that_depend_on_the_rows_beside(parts):
    model, test = parts[0], parts[1]
    assert check_batches(model, test, 1).passed
    assert not check_batches(LooksAtNeighbours(model), test, 1).passed


class WantsAll:
    def __init__(self, model):
        self.model = model

    def predictions(self, rows):
        out = self.model.predictions(rows).copy()
        if "size" in rows:
            out[rows["size"].isna()] = np.nan
        return out


def test_gate_rejects_a_model_that_has_no_answer_where_a_cell_is_missing(parts):
    model, test, _, contract, _ = parts
    assert check_missing(model, test, contract).passed
    row = check_missing(WantsAll(model), test, contract)
    assert not row.passed and "size" in row.why


def test_gate_rejects_what_is_too_slow_or_too_large(parts, good):
    model, test, _, contract, _ = parts
    measured = measure_latency(model, test, contract, repeats=3)
    assert measured["median_ms"] > 0 and measured["processor_ms"] > 0
    assert check_latency(measured, 1e6).passed and not check_latency(measured, 0).passed
    assert check_size(good / "models/candidate", 100).passed
    assert not check_size(good / "models/candidate", 0.001).passed


def test_the_same_candidate_gives_the_same_bytes(good, tmp_path):
    folder = shutil.copytree(good, tmp_path / "p")
    run_stages(folder, "validate")
    first = (folder / "reports/validation.json").read_bytes()
    run_stages(folder, "validate")
    assert (folder / "reports/validation.json").read_bytes() == first
