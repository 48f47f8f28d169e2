"""The leaderboard: one line a candidate, with what it is worth and what it costs. No times: its bytes are the same each run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import metric
from lifecycle.search.workers import Tried

COLUMNS = ["name", "score", "score_std", "weight", "size_mb", "latency_units", "rounds", "rows", "chosen"]


def leaderboard(
    tried: list[Tried], weights: np.ndarray, blend: tuple[float, float], baseline: float, name: str
) -> pd.DataFrame:
    """The best by the metric `name` first, the blend (its score and spread) and the naive baseline among them. `chosen`:
    it is in the model; `rows`: that it was fitted on; where several are, the line "blend" is the model. `latency_units`: milliseconds a row, counted
    from the parts of the model, not timed."""
    rows = []
    for one, weight in zip(tried, weights, strict=True):
        spread = float(np.std(one.fold_scores))
        rounds = one.rounds or np.nan
        chosen = bool(weight > 0)
        rows.append((one.entry.name, one.score, spread, weight, one.size_mb, one.latency_ms, rounds, one.rows, chosen))
    members = [row for row in rows if row[-1]]
    if len(members) > 1:
        size, latency = sum(row[4] for row in members), sum(row[5] for row in members)
        rows.append(("blend", *blend, 1.0, size, latency, np.nan, max(row[7] for row in members), True))
    rows.append(("naive baseline", baseline, 0.0, 0.0, 0.0, 0.0, np.nan, max(row[7] for row in rows), False))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.insert(1, "metric", name)
    table[["rounds", "rows"]] = table[["rounds", "rows"]].astype("Int64")
    table = table.sort_values("score", ascending=not metric(name).greater_is_better, kind="stable")
    return table.round({"score": 6, "score_std": 6, "weight": 4, "size_mb": 3, "latency_units": 2})
