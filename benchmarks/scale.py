"""The whole lifecycle on larger and larger tables: processor and wall seconds and peak memory of each stage, and what the model is worth.

    python -m benchmarks.scale [--rows 1000000 3000000 10000000] [--processes 1 2] [--workers] [--only define clean ...]
                               [--budget 60] [--memory 4] [--folder FOLDER]

The table is that of benchmarks/table.py: 21 columns, 18 features, of which four tell anything. Each stage is a process of its own.
`peak` is the largest process of a stage, those that it starts included; `processor` is the seconds of all of them. --workers: define,
clean, split, evaluate and score once more, on a Dask scheduler and two workers on loopback, whose seconds and memory count with the
stage's (on Linux, which tells them of a process that runs). The log loss is evaluate's, on test rows, beside the best reachable: the generator knows each row's chance. Growth is the
exponent between the smallest and the largest table: 1 is proportional, 0 flat. Wall seconds hang on what else the machine does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.table import ROOT, Cost, prepare, run

STAGES = ("define", "clean", "split", "train", "evaluate", "validate", "report", "deploy", "score")
SPREAD = ("define", "clean", "split", "evaluate", "score")  # what workers are given a part of
WORKERS = """
import sys, tempfile
from pathlib import Path
from actions.cluster_try import cluster
with tempfile.TemporaryDirectory() as folder:
    with cluster(Path(folder)) as address:
        print("ADDRESS", address, flush=True)
        sys.stdin.read()
"""
HEAD = f"  {'stage':10} {'by':14} {'processor s':>11} {'wall s':>10} {'peak MB':>10}"


def ready(folder: Path, rows: int, n_jobs: int, budget: float, memory: float) -> None:
    """The table, params.yaml and what else the stages read."""
    prepare(folder, rows)
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["train"] |= {"n_jobs": n_jobs, "time_budget": budget, "max_memory_gb": memory}
    params["engine"]["n_jobs"] = n_jobs
    path.write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    for name in ("requirements-serve.txt", "custom", "service", "lifecycle"):
        kept = folder / name
        if (ROOT / name).is_dir():
            # deploy copies a bundle's code from the folder that it runs in
            shutil.copytree(ROOT / name, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, kept)


@contextlib.contextmanager
def two_workers() -> Iterator[tuple[str, int]]:
    """The address of a scheduler with two workers, and the process that started them."""
    command = [sys.executable, "-c", WORKERS]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdin and held.stdout
        yield next(line.split()[1] for line in held.stdout if line.startswith("ADDRESS")), held.pid
        held.stdin.close()


def below(pid: int) -> list[int]:
    """The processes that this one started, and those that they did."""
    started = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [found for one in started for found in [one, *below(one)]]


def used(pid: int) -> tuple[float, float]:
    """(processor seconds so far, MB of the largest since this was asked last) of the processes that it started."""
    seconds = peak = 0.0
    for one in below(pid):
        times = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13]
        seconds += sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        held = next(line for line in Path(f"/proc/{one}/status").read_text().splitlines() if line.startswith("VmHWM"))
        peak = max(peak, int(held.split()[1]) / 1024)
        Path(f"/proc/{one}/clear_refs").write_text("5")
    return seconds, peak


def measure(folder: Path, stages: list[str], by: str, workers: int = 0, **more: str) -> dict[str, Cost]:
    """A line for each stage; `workers`: the process whose workers count with it."""
    found = {}
    for name in stages:
        before = used(workers)[0] if workers else 0.0
        cost = run(name, folder, **more)
        if workers:
            seconds, peak = used(workers)
            cost = Cost(cost.processor + seconds - before, cost.wall, max(cost.peak, peak))
        found[name] = cost
        print(f"  {name:10} {by:14} {cost.processor:11.1f} {cost.wall:10.1f} {cost.peak:10,.0f}", flush=True)
    return found


def tell_worth(folder: Path, best: float) -> None:
    """The log loss on test rows, and what fitting on all rows was worth."""
    path = folder / "models/candidate/candidate.json"
    if not path.exists() or not (folder / "reports/metrics.json").exists():
        return
    facts = json.loads(path.read_text("utf-8"))
    metrics = json.loads((folder / "reports/metrics.json").read_text("utf-8"))
    print(
        f"  log loss {metrics['score']:.4f} on {metrics['rows_test']:,} test rows; best reachable {best:.4f}, ", end=""
    )
    print(f"naive baseline {metrics['baseline']:.4f}")
    if sample := facts.get("sample"):
        print(
            f"  the search saw {sample['searched']:,} of {sample['rows']:,} rows ({sample['why']}); on {sample['judged']:,} rows kept "
            f"aside {sample['searched_score']:.4f} by the sample, {sample['score']:.4f} with boosting on all rows"
        )


def growth(costs: dict[int, dict[str, dict[str, Cost]]]) -> None:
    small, large = min(costs), max(costs)
    print(f"\ngrowth from {small:,} to {large:,} rows: exponent of processor seconds, of peak memory")
    steps = math.log(large / small)
    for by, stages in costs[small].items():
        for name, one in stages.items():
            other = costs[large][by][name]
            processor, peak = math.log(other.processor / one.processor), math.log(other.peak / one.peak)
            print(f"  {name:10} {by:14} {processor / steps:10.2f} {peak / steps:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--processes", type=int, nargs="+", default=[2])
    parser.add_argument("--workers", action="store_true")
    parser.add_argument("--only", nargs="+", default=list(STAGES), choices=STAGES)
    parser.add_argument("--budget", type=float, default=60, help="train.time_budget")
    parser.add_argument("--memory", type=float, default=4, help="train.max_memory_gb")
    parser.add_argument("--folder", type=Path, help="where the tables are kept; a temporary one without it")
    args = parser.parse_args()
    script = "from benchmarks.table import best_reachable; print(best_reachable())"
    best = float(subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True).stdout)
    costs: dict[int, dict[str, dict[str, Cost]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for rows in sorted(args.rows):
            folder = (args.folder or Path(temporary)) / str(rows)
            costs[rows] = {}
            print(f"\n{rows:,} rows x 21 columns\n{HEAD}", flush=True)
            for n_jobs in args.processes:
                ready(folder, rows, n_jobs, args.budget, args.memory)
                by = f"{n_jobs} process{'es' if n_jobs > 1 else ''}"
                costs[rows][by] = measure(folder, args.only, by)
            if args.workers:
                with two_workers() as (address, pid):
                    spread = [name for name in args.only if name in SPREAD]
                    more = {"DASK_SCHEDULER_ADDRESS": address}
                    costs[rows]["two workers"] = measure(folder, spread, "two workers", pid, **more)
            tell_worth(folder, best)
    if len(costs) > 1:
        growth(costs)


if __name__ == "__main__":
    main()
