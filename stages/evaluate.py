"""evaluate: score the candidate on rows it never saw, with intervals, beside the naive baseline; say where it errs.

Run: python -m stages.evaluate      (reads data/contract.yaml, data/test.parquet, models/candidate; writes
reports/metrics.json, the handful for `dvc exp show`, reports/evaluation.json, all of it, and reports/plots/)
"""

from __future__ import annotations

from custom.metrics import METRICS
from lifecycle.evaluate.decision import Trained
from lifecycle.evaluate.evaluation import HANDFUL, TEST, evaluate, rounded
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, read_parquet, write_csv, write_json
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import EvaluateParams
from lifecycle.ground.words import as_scores, short
from lifecycle.ground.workplace import workplace
from lifecycle.model.store import load_model
from lifecycle.table.contract import read_contract
from lifecycle.table.some_rows import read_some


def main() -> None:
    add_metrics(METRICS)
    params, contract = EvaluateParams.load(), read_contract()
    test, _, said = read_some(TEST)
    if not len(test):
        raise UserError("data/test.parquet has no rows to score; raise split.test_size in params.yaml")
    if said:
        print(f"  {said}")
    candidate = Trained.read(read_json("models/candidate/candidate.json"), read_parquet("models/candidate/oof.parquet"))
    with workplace() as at:
        result = evaluate(load_model("models/candidate"), contract, test, params, candidate, at)

    for name, table in result.pop("plots").items():
        floats = table.select_dtypes("float").columns
        table[floats] = table[floats].map(rounded)
        if name in ("detail", "reasons"):  # many curves in one table, which `dvc plots` would draw as one
            write_json(f"reports/plots/{name}.json", table.to_dict("list"))
        else:
            write_csv(f"reports/plots/{name}.csv", table)
    write_json("reports/plots/resampled.json", result.pop("resampled"))
    result = rounded(result)
    write_json("reports/evaluation.json", [result])  # a list: `dvc metrics` would show each number in it
    score, metric = result["score"], result["metric"]
    handful = {name: result["metrics"][name]["value"] for name in HANDFUL[result["task"]]}
    handful |= {name: result["metrics"][name]["value"] for name in METRICS if name in result["metrics"]}
    summary = {"score": score["value"], "baseline": score["baseline"], "rows_test": len(test)}
    write_json("reports/metrics.json", {**summary, metric: score["value"], **handful})

    other = next(name for name in (*HANDFUL[result["task"]][1:], metric) if name != metric)
    value, low, high, baseline = as_scores([score[key] for key in ("value", "low", "high", "baseline")])
    print(
        f"evaluate: {len(test):,} test rows, {metric} {value} [{low}, {high}], baseline {baseline}, "
        f"{other} {short(handful[other])}"
    )


if __name__ == "__main__":
    stage(main)
