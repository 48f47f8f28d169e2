"""Is `train.time_budget` kept, on small tables and on large ones?

    python -m benchmarks.budget [--rows 300 5000 50000 500000] [--budget 60]

Simulated tables of twenty mixed columns (benchmarks/simulate.py) go through the pipeline's own stages; for each its seconds,
those of train by the clock, and the score, beside the best that any model could reach on these rows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from benchmarks.quality import ROOT, stage
from benchmarks.simulate import simulate


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[300, 5_000, 50_000, 500_000])
    parser.add_argument("--budget", type=float, default=60)
    args = parser.parse_args()
    for rows in args.rows:
        found = run(rows, args.budget)
        print(
            rows, "rows:", ", ".join(f"{k} {v:.4g}" for k, v in found.items() if isinstance(v, int | float)), flush=True
        )


if __name__ == "__main__":
    main()
