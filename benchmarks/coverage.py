"""Do prediction intervals and sets of classes hold as often as they say? Coverage on test rows, over draws of the split.

    python benchmarks/coverage.py TABLES OUT.csv [--seeds 10] [--mapie PYTHON]
        TABLES: a folder with catalogue.csv (name, file, target, task); PYTHON: one that has MAPIE, to be compared with

Each draw is a whole run, define to train, with two quick candidates. OUT.csv: a row a table, draw and method; the lines printed say
the mean coverage, the level, the spread between draws and the mean width (or classes in a set). MAPIE has the same rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from lifecycle.ground.words import short  # noqa: E402
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
    """Coverage on the test rows, width (or classes in a set), and `least`: coverage of the class that is covered least."""
    model, contract = load_model(folder / "models/candidate"), read_contract(folder / "data/contract.yaml")
    test = pd.read_parquet(folder / "data/test.parquet")
    y_true, prediction = encode_target(test[contract.problem.target], contract), model.predictions(test)
    intervals, sets = model.intervals(test, prediction), model.class_sets(prediction)
    if intervals is not None:
        inside, width = covered(intervals, y_true), float(np.diff(intervals, axis=1).mean())
        least = float(inside.mean())
    else:
        assert sets is not None
        inside, width = contains(sets, y_true), float(sets.sum(axis=1).mean())
        least = min(float(inside[y_true == code].mean()) for code in np.unique(y_true))
    found = {"rows": len(test), "level": model.conformal.level, "coverage": float(inside.mean()), "width": width}
    return found | {"least": least}


def of_mapie(python: str, folder: Path, task: str, level: float, seed: int) -> dict[str, dict[str, float]]:
    """Coverage and width by method on the same rows."""
    contract = read_contract(folder / "data/contract.yaml")
    target = contract.problem.target
    script = Path(__file__).parent / "mapie_coverage.py"
    rows = []
    for part in ("train", "test"):
        columns = [*(field.name for field in contract.features), target]
        rows.append(str(folder / f"{part}_for_mapie.parquet"))
        pd.read_parquet(folder / f"data/{part}.parquet", columns=columns).to_parquet(rows[-1])
    command = [python, str(script), *rows, target, task, str(level), str(seed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return {f"MAPIE {name}": one for name, one in found.items()}


def one_draw(tables: Path, one: Any, draw: int, mapie: str) -> dict[str, dict[str, float]]:
    """{method: rows, level, coverage, width}."""
    with tempfile.TemporaryDirectory() as within:
        folder = folder_of(tables / one.file, one.target, draw, Path(within))
        run(folder)
        ours = measured(folder)
        found = {"ours": ours}
        if mapie:
            about = {"rows": ours["rows"], "level": ours["level"]}
            others = of_mapie(mapie, folder, one.task, ours["level"], draw)
            found |= {name: about | values for name, values in others.items()}
    return found


def said(table: str, found: list[dict[str, dict[str, float]]]) -> None:
    for method in found[0]:
        rows = [draw[method] for draw in found]
        coverage = [row["coverage"] for row in rows]
        spread = stdev(coverage) if len(coverage) > 1 else 0.0
        width = mean(row["width"] for row in rows)
        level = f"{mean(coverage):.1%} of {rows[0]['level']:.0%}, ± {spread:.1%} between draws"
        least = mean(row["least"] for row in rows)
        print(f"{table:<12} {method:<10} {level}, width {short(width)}, least class {least:.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--mapie", default="")
    given = parser.parse_args()
    catalogue = pd.read_csv(given.tables / "catalogue.csv")
    with given.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["table", "draw", "method", "rows", "level", "coverage", "width", "least_class"])
        for one in catalogue.itertuples():
            found = []
            for draw in range(1, given.seeds + 1):
                found.append(one_draw(given.tables, one, draw, given.mapie))
                for method, values in found[-1].items():
                    writer.writerow([one.name, draw, method, *(f"{value:.6g}" for value in values.values())])
                file.flush()
            said(one.name, found)


if __name__ == "__main__":
    main()
