"""validate: the acceptance gate. Each check is a row: name, measured, required, passed, why.

Run: python -m stages.validate      (reads the candidate, the champion, data/test.parquet, reports/evaluation.json; writes
reports/validation.json, reports/latency.json)

A failed gate does not fail the run, so that experiments stay comparable; but no release is made from it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from custom.metrics import METRICS
from lifecycle.evaluate.decision import Trained
from lifecycle.gate.champion import CHAMPION, check_champion
from lifecycle.gate.good import check_baseline, check_criteria, check_out_of_fold, check_slices
from lifecycle.gate.right import check_batches, check_latency, check_leaks, check_missing, check_size, measure_latency
from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_json, read_parquet, write_json
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import ValidateParams
from lifecycle.ground.words import plain
from lifecycle.model.model import encode_target, sample_weight
from lifecycle.model.store import load_model
from lifecycle.table.contract import read_contract
from lifecycle.table.some_rows import read_some

CANDIDATE, TEST = Path("models/candidate"), "data/test.parquet"
TRAIN_ROWS = 100_000  # among which a column that answers alone is looked for


def main() -> None:
    add_metrics(METRICS)
    contract, params = read_contract(), ValidateParams.load()
    (evaluation,) = read_json("reports/evaluation.json")
    model, (test, _, said) = load_model(CANDIDATE), read_some(TEST)
    train, _, _ = read_some("data/train.parquet", TRAIN_ROWS)
    if said:
        print(f"  {said}")
    y_true, weight = encode_target(test[contract.problem.target], contract, TEST), sample_weight(test, contract, TEST)
    some = np.random.default_rng(params.random_state).permutation(len(test))[: params.n_rows]
    rows = test.iloc[np.sort(some)].reset_index(drop=True)
    latency = measure_latency(model, rows, contract)
    checks = [
        *check_criteria(contract.problem, evaluation),
        check_baseline(evaluation),
        check_out_of_fold(evaluation, Trained.read({}, read_parquet(CANDIDATE / "oof.parquet")).oof),
        check_champion(model, test, y_true, weight, contract, params, CHAMPION),
        check_slices(evaluation, params.slice_floor),
        check_leaks(train, test, contract, params.leak_score),
        check_batches(model, rows, params.random_state),
        check_missing(model, rows, contract),
        check_latency(latency, params.max_latency_ms),
        check_size(CANDIDATE, params.max_size_mb),
    ]
    failed = [check for check in checks if not check.passed]
    gate = {"passed": not failed, "failed": len(failed), "checks": [check.write() for check in checks]}
    write_json("reports/validation.json", gate)
    write_json("reports/latency.json", latency)
    for check in failed:
        print(f"  failed: {check.name}: {plain(check.measured)}, required {check.required}: {check.why}")
    verdict = f"gate {'failed' if failed else 'passed'}, {len(checks) - len(failed)} of {len(checks)} checks"
    print(f"validate: {verdict}; one row {latency['processor_ms']} ms")


if __name__ == "__main__":
    stage(main)
