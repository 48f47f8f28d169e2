"""Do prediction intervals and sets of classes hold as often as they say? Coverage on test rows, over draws of the split.

    python benchmarks/coverage.py TABLES OUT.csv [--seeds 10]      TABLES: a folder with catalogue.csv (name, file, target, task)

Each draw is a whole run, define to train, with two quick candidates. OUT.csv: a row a table and draw; the line printed says the mean
coverage, the level, and the spread between draws.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from lifecycle.model.conformal import contains, covered  # noqa: E402
from lifecycle.model.model import encode_target  # noqa: E402
from lifecycle.model.store import load_model  # noqa: E402
from lifecycle.table.contract import read_contract  # noqa: E402

CANDIDATES = {
    "linear": {"C": 1.0, "alpha": 1.0},
    "boosting": {"max_iter": 300, "learning_rate": 0.08, "max_leaf_nodes": 15},
}


def folder_of(source: Path, target: str, draw: int, within: Path) -> Path:
    """A project of that table with that draw of the test rows."""
    raw = within / "data/raw"
    raw.mkdir(parents=True)
    (raw / source.name).write_bytes(source.read_bytes())
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["problem"] |= {"target": target, "statement": ""}
    params["split"]["random_state"] = draw
    params["train"] |= {"candidates": CANDIDATES, "time_budget": 300, "random_state": draw}
    (within / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    return within


def run(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    for stage in ("define", "clean", "split", "train"):
        command = [sys.executable, "-m", f"stages.{stage}"]
        subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)


def measured(folder: Path) -> dict[str, float]:
    """Coverage on the test rows; width (or classes in a set), and that of one interval for all rows."""
    model, contract = load_model(folder / "models/candidate"), read_contract(folder / "data/contract.yaml")
    test = pd.read_parquet(folder / "data/test.parquet")
    y_true, prediction = encode_target(test[contract.problem.target], contract), model.predictions(test)
    intervals, sets = model.intervals(test, prediction), model.class_sets(prediction)
    if intervals is not None:
        inside, width = covered(intervals, y_true), float(np.diff(intervals, axis=1).mean())
    else:
        assert sets is not None
        inside, width = contains(sets, y_true), float(sets.sum(axis=1).mean())
    return {"rows": len(test), "level": model.conformal.level, "coverage": float(inside.mean()), "width": width}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    catalogue = pd.read_csv(given.tables / "catalogue.csv")
    with given.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["table", "draw", "rows", "level", "coverage", "width"])
        for one in catalogue.itertuples():
            found = []
            for draw in range(1, given.seeds + 1):
                with tempfile.TemporaryDirectory() as within:
                    folder = folder_of(given.tables / one.file, one.target, draw, Path(within))
                    run(folder)
                    found.append(measured(folder))
                writer.writerow([one.name, draw, *(f"{value:.6g}" for value in found[-1].values())])
                file.flush()
            coverage = [row["coverage"] for row in found]
            spread = stdev(coverage) if len(coverage) > 1 else 0.0
            print(
                f"{one.name}: {mean(coverage):.1%} of {found[0]['level']:.0%}, ± {spread:.1%} between draws", flush=True
            )


if __name__ == "__main__":
    main()
