"""What a model family is worth: the same tables, seeds and budget, with it and without it.

Run from the root of the repository:

    python -m benchmarks.ablation network --tables penguins,titanic,wine --seeds 1,2,3,4,5
    python -m benchmarks.ablation network --summary            only what is in benchmarks/ablation.csv

Families by the beginning of their names in params.yaml. The plan counts on a minute of two cores; the clock does not stop
it, so that a busy machine changes no figure. Error (log loss, RMSE) on the test rows; above 1 the family pays.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from statistics import geometric_mean, mean

import yaml

from benchmarks import quality

RESULTS = Path(__file__).with_name("ablation.csv")
COLUMNS = ["family", "table", "seed", "with", "without"]
NEAR_ZERO = {"penguins", "wine"}  # a few rows decide there, and a ratio says nothing
BUDGET, CORES = 60, 2


def error(table: str, seed: int, without: str) -> float:
    """On the test rows of the model that is found without the families whose names begin with `without`."""
    folder = quality.prepare(table, seed, BUDGET, CORES)
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    candidates = params["train"]["candidates"]
    if without:
        params["train"]["candidates"] = {n: c for n, c in candidates.items() if not n.startswith(without)}
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    return quality.run_ours(folder, patient=True)["error"]


def results(family: str) -> list[dict[str, str]]:
    if not RESULTS.exists():
        return []
    with open(RESULTS, encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["family"] == family]


def summary(family: str) -> None:
    tables: dict[str, list[tuple[float, float]]] = {}
    for row in results(family):
        tables.setdefault(row["table"], []).append((float(row["with"]), float(row["without"])))
    ratios = {}
    print(f"{'table':<16}{'seeds':>6}{'with':>12}{'without':>12}{'without / with':>16}")
    for table, pairs in sorted(tables.items()):
        ratios[table] = geometric_mean(b / a for a, b in pairs)
        both = [mean(pair[i] for pair in pairs) for i in (0, 1)]
        print(f"{table:<16}{len(pairs):>6}{both[0]:>12.5g}{both[1]:>12.5g}{ratios[table]:>16.4f}")
    print(f"geometric mean over {len(ratios)} tables: {geometric_mean(ratios.values()):.4f}")
    rest = [ratio for table, ratio in ratios.items() if table not in NEAR_ZERO]
    print(f"without {' and '.join(sorted(NEAR_ZERO))}, where both errors are near zero: {geometric_mean(rest):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", help="the beginning of its names in params.yaml")
    parser.add_argument(
        "--tables", default="penguins,titanic,breast_cancer,diabetes,wine,telco_churn,digits,housing,diamonds"
    )
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--summary", action="store_true")
    given = parser.parse_args()
    known = {(row["table"], row["seed"]) for row in results(given.family)}
    jobs = [(t, s) for t in given.tables.split(",") for s in given.seeds.split(",")]
    for table, seed in [] if given.summary else jobs:
        if (quality.named(table), seed) in known:
            continue
        found = {"with": error(table, int(seed), ""), "without": error(table, int(seed), given.family)}
        new = not RESULTS.exists()
        with open(RESULTS, "a", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({"family": given.family, "table": quality.named(table), "seed": seed} | found)
        print(
            f"{quality.named(table)}, seed {seed}: {found['with']:.5g} with, {found['without']:.5g} without", flush=True
        )
    summary(given.family)


if __name__ == "__main__":
    main()
