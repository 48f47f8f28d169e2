"""Evidently's data drift preset, as it comes, on the tables of benchmarks/drift.py. Started by it, in another environment.

PYTHON -m benchmarks.evidently_drift CHANGE ROWS COLUMNS RUNS      prints one line of JSON
"""

import json
import sys
import time

from evidently import Report
from evidently.presets import DataDriftPreset

from benchmarks.simulate import simulate


def look(change, n, p, seed):
    """(share of columns reported as drifted, whether the data set is)"""
    reference, current = simulate("none", n, p, 2 * seed)[0], simulate(change, n, p, 2 * seed + 1)[0]
    for frame in (reference, current):
        for column in frame.columns:
            if frame[column].dtype.kind not in "fi":
                frame[column] = frame[column].astype(object)
    found = Report([DataDriftPreset()]).run(current, reference).dict()
    counted = next(
        m
        for m in found["metrics"]
        if "DriftedColumnsCount" in str(m.get("metric_id", m.get("id", ""))) or "DriftedColumnsCount" in str(m)
    )
    share = counted["value"]["share"]
    return share, share >= 0.5


def main():
    change, n, p, runs = sys.argv[1], *map(int, sys.argv[2:5])
    start = time.perf_counter()
    done = [look(change, n, p, seed) for seed in range(runs)]
    print(json.dumps({
        "any": sum(share > 0 for share, _ in done) / runs,
        "dataset": sum(all_ for _, all_ in done) / runs,
        "runs": runs,
        "seconds_a_run": round((time.perf_counter() - start) / runs, 2),
    }))  # fmt: skip


main()
