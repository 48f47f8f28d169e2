"""What `dvc repro` costs beside its stages: the whole of it against all stages in one process, and each stage against another commit.

    python -m benchmarks.repro [--budget 2] [--beside COMMIT] [--rounds 3]

A project is generated for a table of 1,500 rows whose training may take `budget` seconds. `--beside` generates one of that commit,
too, and runs the stages of both in turns. Seconds are the least of the rounds; processor seconds, which other work on the machine
moves less, are those of the processes and their children.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("define", "clean", "split", "train", "evaluate", "validate", "report", "deploy", "monitor")
TOGETHER = """
import importlib, json, sys, time
started = time.process_time()
for name in sys.argv[1:]:
    importlib.import_module(f"stages.{name}").main()
"""


class Cost(NamedTuple):
    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s, {self.processor:6.2f} s of processor"


def least(costs: list[Cost]) -> Cost:
    return Cost(min(cost.wall for cost in costs), min(cost.processor for cost in costs))


def measured(place: Path, *command: str) -> Cost:
    """Of a command and all that it starts."""
    before, start = psutil.Process().cpu_times(), time.perf_counter()
    done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, encoding="utf-8")
    wall, after = time.perf_counter() - start, psutil.Process().cpu_times()
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-1500:]} {done.stderr[-1500:]}")
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return Cost(wall, spent)


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONSAFEPATH": "", "DVC_NO_ANALYTICS": "1"}


def table(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    size, age = rng.normal(50, 12, rows), rng.integers(1, 60, rows)
    place = rng.choice(["north", "south", "east", "west"], rows)
    chance = 1 / (1 + np.exp(-(0.05 * (size - 50) - 0.04 * (age - 30) + (place == "north"))))
    frame = pd.DataFrame({
        "customer": [f"c{i:05d}" for i in range(rows)],
        "size": size.round(2), "age": age, "place": place, "visits": rng.poisson(4, rows),
        "paid": rng.choice(["card", "cash", "invoice"], rows), "balance": rng.gamma(2, 300, rows).round(2),
        "left": np.where(rng.random(rows) < chance, "yes", "no"),
    })  # fmt: skip
    frame.to_csv(path, index=False)


def project(template: Path, work: Path, name: str, budget: float) -> Path:
    raw = work / "customers.csv"
    if not raw.exists():
        table(raw, 1500)
    answers = [f"data={raw}", "target=left", f"project_name={name}", f"project={name}"]
    measured(work, sys.executable, "-m", "cookiecutter", "--no-input", str(template), *answers)
    place = work / name
    params = yaml.safe_load((place / "params.yaml").read_text("utf-8"))
    params["train"]["time_budget"] = budget
    (place / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    return place


def template_of(commit: str, work: Path) -> Path:
    place = work / f"template-{commit}"
    place.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "x"], cwd=place, input=archive.stdout, check=True)
    return place


def imported(place: Path, stage: str) -> float:
    """Seconds that the stage's imports take, as `python -X importtime` adds them up."""
    command = [sys.executable, "-X", "importtime", "-c", f"import stages.{stage}"]
    done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, encoding="utf-8")
    lines = [
        line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:") and "us" not in line
    ]
    return sum(int(parts[0].split(":")[1]) for parts in lines) / 1e6


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--budget", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", default="", metavar="COMMIT")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ours = project(ROOT, work, "ours", given.budget)
        places = {"here": ours}
        if given.beside:
            places[given.beside] = project(template_of(given.beside, work), work, "before", given.budget)
        for place in places.values():
            measured(place, sys.executable, "-m", "dvc", "repro")  # once for the caches of compiled code
        whole, together = [], []
        for _ in range(given.rounds):
            whole.append(measured(ours, sys.executable, "-m", "dvc", "repro", "--force"))
            together.append(measured(ours, sys.executable, "-c", TOGETHER, *STAGES))
        print(f"dvc repro                    {least(whole)}")
        print(f"all stages in one process    {least(together)}")
        ratio = Cost(least(whole).wall / least(together).wall, least(whole).processor / least(together).processor)
        print(f"ratio                        {ratio.wall:6.2f}  , {ratio.processor:6.2f}")
        said = json.loads((ours / "reports/timings.json").read_text("utf-8"))
        print(f"training by its own clock: {said}"[:200])
        stages(places, given.rounds)


def stages(places: dict[str, Path], rounds: int) -> None:
    print(f"{'seconds a stage (wall, processor)':34}" + "".join(f"{name:>20}" for name in places) + "   imports here")
    for stage in STAGES:
        costs: dict[str, list[Cost]] = {name: [] for name in places}
        for _ in range(rounds):
            for name, place in places.items():
                costs[name].append(measured(place, sys.executable, "-m", f"stages.{stage}"))
        shown = ""
        for found in costs.values():
            cost = least(found)
            shown += f"{f'{cost.wall:.2f}, {cost.processor:.2f}':>20}"
        print(f"{stage:34}{shown}{imported(places['here'], stage):15.2f}", flush=True)


if __name__ == "__main__":
    main()
