"""validate: the acceptance gate. Each check is a row: name, measured, required, passed, why.

Run: python -m stages.validate      (reads the candidate, the champion, data/test.parquet, reports/evaluation.json; writes
reports/validation.json, reports/gate.json, reports/latency.json)

A failed gate does not fail the run, so that experiments stay comparable; but no release is made from it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lifecycle.gate.champion import CHAMPION, check_champion
from lifecycle.gate.checks import (
    check_baseline,
    check_batches,
    check_criteria,
    check_latency,
    check_leaks,
    check_missing,
    check_size,
    check_slices,
    measure_latency,
)
from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_json, read_params, read_parquet, write_json
from lifecycle.ground.words import plain
from lifecycle.model.model import encode_target, sample_weight
from lifecycle.model.store import load_model
from lifecycle.table.contract import read_contract


def main() -> None:
    contract, params, evaluation = read_contract(), read_params("validate"), read_json("reports/evaluation.json")
    problem = contract["problem"]
    model, test, train = (
        load_model("models/candidate"),
        read_parquet("data/test.parquet"),
        read_parquet("data/train.parquet"),
    )
    y = encode_target(test[problem["target"]], contract)
    some = np.random.default_rng(params["random_state"]).permutation(len(test))[: int(params.number("n_rows", 1, 1e5))]
    rows = test.iloc[np.sort(some)].reset_index(drop=True)
    latency = measure_latency(model, rows, contract)
    checks = [
        *check_criteria(problem["criteria"], evaluation, problem["task"]),
        check_baseline(evaluation),
        check_champion(model, test, y, sample_weight(test, contract, "data/test.parquet"), contract, params, CHAMPION),
        check_slices(evaluation, params.number("slice_floor", -10, 1)),
        check_leaks(train, test, contract, params.number("leak_score", 0, 1)),
        check_batches(model, rows, params["random_state"]),
        check_missing(model, rows, contract),
        check_latency(latency, params.number("max_latency_ms", 0, 1e6)),
        check_size(Path("models/candidate"), params.number("max_size_mb", 0, 1e6)),
    ]
    failed = [c for c in checks if not c["passed"]]
    write_json("reports/validation.json", {"passed": not failed, "checks": checks})
    write_json("reports/gate.json", {"passed": not failed, "checks": len(checks), "failed": len(failed)})
    write_json("reports/latency.json", latency)
    for c in failed:
        print(f"  failed: {c['name']}: {plain(c['measured'])}, required {c['required']}: {c['why']}")
    print(
        f"validate: gate {'failed' if failed else 'passed'}, {len(checks) - len(failed)} of {len(checks)} checks; one row {latency['median_ms']} ms"
    )


if __name__ == "__main__":
    stage(main)
