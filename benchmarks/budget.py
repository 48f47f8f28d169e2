"""Is `train.time_budget` kept, on small tables and on large ones? And is a larger one worth it?

    python -m benchmarks.budget [--rows 300 5000 50000 500000] [--budget 60]
    python -m benchmarks.budget --errors [--tables diabetes wine ...] [--budgets 10 30 60 300] [--seeds 1 2 3 4 5]

Simulated tables of twenty mixed columns (benchmarks/simulate.py) go through the pipeline's own stages; for each its seconds,
those of train by the clock, and the score, beside the best that any model could reach on these rows.

With --errors: the error on test rows (log loss, RMSE) of real tables by budget, the mean over the seeds and the geometric mean
of each seed's ratio to the least budget: below 1 the larger one was worth its time. What was planned is done however long it
takes, so that a busy machine changes no error.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path
from statistics import geometric_mean, mean

import numpy as np
import yaml

from benchmarks import quality
from benchmarks.quality import ROOT, stage
from benchmarks.simulate import simulate

TABLES = ["diabetes", "wine", "breast_cancer", "prestige", "mroz", "salaries", "biopsy", "concrete"]
CORES = 2
RESULTS = Path(__file__).with_name("budget.csv")
COLUMNS = ["table", "seed", "budget", "error", "repeats"]


def run(rows: int, budget: float) -> dict[str, float]:
    """Seconds by stage, what was planned, and the scores."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "data/raw").mkdir(parents=True)
        frame, told = simulate("none", rows, 20, 1)
        frame.to_csv(folder / "data/raw/table.csv", index=False)
        params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
        params["problem"] |= {"statement": "", "target": "y"}
        params["train"]["time_budget"] = budget
        (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
        out = {}
        for name in ("define", "clean", "split", "train", "evaluate"):
            start = time.monotonic()
            stage(name, folder)
            out[name] = round(time.monotonic() - start, 1)
        read = {n: json.loads((folder / n).read_text("utf-8")) for n in ("reports/metrics.json", "reports/search.json")}
        best = -np.mean(np.where(frame["y"] == "yes", np.log(told), np.log(1 - told)))
        return out | read["reports/search.json"] | {"score": read["reports/metrics.json"]["score"], "best": best}


def kept(rows: list[int], budget: float) -> None:
    """Whether the budget is, by a line for each number of rows."""
    for n in rows:
        found = run(n, budget)
        numbers = [f"{name} {value:.4g}" for name, value in found.items() if isinstance(value, int | float)]
        print(n, "rows:", ", ".join(numbers), flush=True)


def error(table: str, seed: int, budget: float) -> dict[str, float]:
    """On the test rows, and how often the rows were parted into folds."""
    folder = quality.prepare(table, seed, budget, CORES)
    found = quality.run_ours(folder, patient=True)
    facts = json.loads((folder / "models/candidate/candidate.json").read_text("utf-8"))
    return {"error": found["error"], "repeats": facts["repeats"]}


def results() -> dict[tuple[str, int, float], dict[str, float]]:
    """{(table, seed, budget): error and repeats} of benchmarks/budget.csv."""
    if not RESULTS.exists():
        return {}
    with open(RESULTS, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        (row["table"], int(row["seed"]), float(row["budget"])): {
            "error": float(row["error"]),
            "repeats": int(row["repeats"]),
        }
        for row in rows
    }


def errors(tables: list[str], budgets: list[float], seeds: list[int]) -> None:
    """Each a line of benchmarks/budget.csv as soon as it is there; what is there is not run again."""
    for seed in seeds:  # of every table first one, so that what is stopped says something of each
        for table in tables:
            for budget in budgets:
                key = (quality.named(table), seed, budget)
                if key in results():
                    continue
                found = error(table, seed, budget)
                new = not RESULTS.exists()
                with open(RESULTS, "a", encoding="utf-8", newline="") as out:
                    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
                    if new:
                        writer.writeheader()
                    writer.writerow(dict(zip(COLUMNS, key, strict=False)) | found)
                print(f"{key[0]}, seed {seed}, {budget:g} s: {found['error']:.5g}", flush=True)
    summary([quality.named(table) for table in tables], budgets)


def summary(tables: list[str], budgets: list[float]) -> None:
    """A line for each table: by budget the mean error, the ratio to that of the least budget, and the repeats."""
    known = results()
    ratios: dict[float, list[float]] = {budget: [] for budget in budgets}
    shown = 0
    for table in tables:
        seeds = [seed for name, seed, _ in known if name == table]
        seeds = [s for s in sorted(set(seeds)) if all((table, s, budget) in known for budget in budgets)]
        if not seeds:
            continue
        shown += 1
        cells = []
        for budget in budgets:
            found = [known[table, seed, budget] for seed in seeds]
            each = [known[table, s, budget]["error"] / known[table, s, budgets[0]]["error"] for s in seeds]
            ratios[budget].append(geometric_mean(each))
            repeats = max(int(one["repeats"]) for one in found)
            error_ = mean(one["error"] for one in found)
            cells.append(f"{budget:g} s {error_:.5g} ({ratios[budget][-1]:.4f}, {repeats} x)")
        print(f"{table:<16}{len(seeds)} seeds  " + "  ".join(cells), flush=True)
    if shown:
        means = [f"{budget:g} s {geometric_mean(by_table):.4f}" for budget, by_table in ratios.items()]
        print(f"geometric mean over {shown} tables: " + ", ".join(means))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[300, 5_000, 50_000, 500_000])
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--errors", action="store_true", help="error on test rows by budget")
    parser.add_argument("--tables", nargs="*", default=TABLES, help="names that benchmarks/quality.py knows")
    parser.add_argument("--budgets", type=float, nargs="*", default=[10, 30, 60, 300])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--summary", action="store_true", help="only what is in budget.csv")
    args = parser.parse_args()
    if args.summary:
        return summary([quality.named(table) for table in args.tables], args.budgets)
    if args.errors:
        return errors(args.tables, args.budgets, args.seeds)
    kept(args.rows, args.budget)


if __name__ == "__main__":
    main()
