"""How often does the monitor raise an alarm where nothing changed, and how often does it see a change?

    python -m benchmarks.drift                     every cell of the table, minutes
    python -m benchmarks.drift --quick             a few runs a cell, to try
    python -m benchmarks.drift --evidently         Evidently's defaults on the same tables beside it, in an environment of
                                                   its own (it does not import beside pandas 3)

A run draws a reference and a live table of n rows each and asks for the verdict by the rules in params.yaml: every check
that can lead to warn or retrain counts, with labels. Writes benchmarks/drift.json and prints a table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import environment
from benchmarks.simulate import CHANGES, kind_of, simulate
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import live_of
from lifecycle.monitor.reference import Reference
from lifecycle.monitor.verdict import assess
from lifecycle.table.contract import Contract

ROWS, COLUMNS = (200, 1000, 10000), (20, 100)
# runs without a change, and with each
RUNS = {
    (200, 20): (200, 20),
    (1000, 20): (150, 20),
    (10000, 20): (100, 10),
    (200, 100): (100, 20),
    (1000, 100): (60, 10),
    (10000, 100): (40, 5),
}
THEIRS = {20: (30, 10), 100: (15, 5)}  # runs of Evidently by columns, likewise: seconds each
OUT = Path("benchmarks/drift.json")


def contract_of(frame: Any) -> Contract:
    fields = []
    for at, name in enumerate(frame.columns[:-1]):
        number = kind_of(at) == "number"
        limits = (
            {"minimum": float(frame[name].min()), "maximum": float(frame[name].max())}
            if number
            else {"enum": sorted(frame[name].unique())}
        )
        kind = "number" if number else "string"
        fields.append({"name": name, "role": "feature", "type": kind, "missingValues": [""], "constraints": limits})
    fields.append(
        {"name": "y", "role": "target", "type": "string", "missingValues": [""], "constraints": {"enum": ["no", "yes"]}}
    )
    problem = {"target": "y", "task": "binary", "metric": "log_loss", "classes": ["no", "yes"], "positive": "yes"}
    return Contract.read({"problem": problem, "fields": fields})


def run(change: str, n: int, p: int, seed: int, params: MonitorParams) -> dict[str, Any]:
    """One look at live rows: the verdict and the families of checks that raised an alarm."""
    reference, told = simulate("none", n, p, 2 * seed)
    rows, answers = simulate(change, n, p, 2 * seed + 1)
    contract = contract_of(reference)
    before = Reference(contract, reference, np.column_stack([1 - told, told]))
    result = assess(before, live_of(rows, contract), np.column_stack([1 - answers, answers]), params)
    return {
        "verdict": result["verdict"],
        "families": sorted({c["family"] for c in result["checks"] if c["verdict"] != "ok"}),
    }


def cell(change: str, n: int, p: int, runs: int, params: MonitorParams) -> dict[str, Any]:
    start = time.perf_counter()
    done = [run(change, n, p, seed, params) for seed in range(runs)]
    families = sorted({f for d in done for f in d["families"]})
    return {
        "change": change, "rows": n, "columns": p, "runs": runs,
        "alarm": float(np.mean([d["verdict"] != "ok" for d in done])),
        "retrain": float(np.mean([d["verdict"] == "retrain" for d in done])),
        "families": {f: float(np.mean([f in d["families"] for d in done])) for f in families},
        "seconds_a_run": round((time.perf_counter() - start) / runs, 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--evidently", action="store_true")
    parser.add_argument("--only", default="", help="a change's name: that one alone")
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="*", default=COLUMNS)
    args = parser.parse_args()
    params = MonitorParams.load()
    for p in args.columns:
        for n in args.rows:
            results = []
            for change in [args.only] if args.only else CHANGES:
                changed = change != "none"
                runs = RUNS[n, p][changed]
                runs = max(4, runs // 20) if args.quick else runs
                found = cell(change, n, p, runs, params)
                if args.evidently:
                    found["evidently"] = theirs(change, n, p, min(runs, THEIRS[p][changed]))
                results.append(found)
                print(line(found), flush=True)
            if not args.only and not args.quick:
                keep(results)


def theirs(change: str, n: int, p: int, runs: int) -> dict[str, Any]:
    python = environment("evidently", ["evidently", "pandas<3"]) / "python"
    command = [python, "-m", "benchmarks.evidently_drift", change, str(n), str(p), str(runs)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(printed.splitlines()[-1])


def keep(results: list[dict[str, Any]]) -> None:
    """One size's results take the place of its earlier ones: an hour's work is not lost with its last minute."""
    size = results[0]["columns"], results[0]["rows"]
    earlier = json.loads(OUT.read_text("utf-8")) if OUT.exists() else []
    kept = [r for r in earlier if (r["columns"], r["rows"]) != size]
    everything = sorted(kept + results, key=lambda r: (r["columns"], r["rows"]))
    OUT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


def line(found: dict[str, Any]) -> str:
    text = f"{found['columns']:>4} columns {found['rows']:>6} rows  {found['change']:<16} alarm {found['alarm']:.3f} retrain {found['retrain']:.3f} ({found['runs']} runs, {found['seconds_a_run']} s)"
    if e := found.get("evidently"):
        text += f" | Evidently: any column {e['any']:.2f}, dataset {e['dataset']:.2f} ({e['runs']} runs, {e['seconds_a_run']} s)"
    return text + "  " + ", ".join(f"{k} {v:.2f}" for k, v in found["families"].items())


if __name__ == "__main__":
    main()
