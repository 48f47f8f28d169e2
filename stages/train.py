"""train: choose among model families by cross-validation, fit the best on all training rows, save it as the candidate.

Run: python -m stages.train      (reads data/train.parquet, data/contract.yaml; writes models/candidate/,
reports/leaderboard.csv, reports/timings.json)

The clock never chooses a model in silence: candidates are tried in the order of params.yaml, and where the time budget
ends before the last of them, the line printed and candidate.json say so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stages.lib.candidates import build, check_candidates
from stages.lib.conform import used_fields
from stages.lib.encode import added_kinds, field_kinds
from stages.lib.errors import UserError, nearest, stage
from stages.lib.features import add_features
from stages.lib.files import read_contract, read_parquet, read_params, write_csv, write_json
from stages.lib.folds import make_folds, scheme_of
from stages.lib.metrics import is_better, metric, score
from stages.lib.model import Model, encode_target, floor_probabilities, save_model


@dataclass
class Tried:
    """One candidate on the folds: `oof` its answers on rows it was not fitted on, `seconds` what that took."""

    name: str
    oof: np.ndarray
    fold_scores: list[float]
    score: float
    seconds: float


@dataclass
class Task:
    """The training rows as the candidates see them: `rows` features, `y` codes or floats, `folds` positions."""

    name: str
    classes: list[str]
    metric: str
    rows: pd.DataFrame
    y: np.ndarray
    folds: list[tuple[np.ndarray, np.ndarray]]
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def scored(self) -> np.ndarray:
        """Positions of the rows that some fold scores, in the order of the folds."""
        return np.concatenate([held for _, held in self.folds])

    def naive(self, y: np.ndarray) -> Any:
        """The answer of one who sees no feature: class frequencies (k,), or the mean."""
        if self.name == "regression":
            return float(y.mean())
        return floor_probabilities(np.bincount(y, minlength=len(self.classes))[None, :] / len(y), len(y))[0]


class OutOfTime(Exception):
    """The budget ended while a candidate was being tried."""


def answers(pipeline: Any, rows: pd.DataFrame, n_classes: int, n_fit: int) -> np.ndarray:
    """Values (n,), or probabilities (n, k) in the contract's class order, also for classes the fold never showed."""
    if not n_classes:
        return np.asarray(pipeline.predict(rows), dtype=float)
    p = np.zeros((len(rows), n_classes))
    p[:, pipeline.classes_] = pipeline.predict_proba(rows)
    return floor_probabilities(p, n_fit)


def fit(name: str, task: Task, positions: np.ndarray, hyper: dict, seed: int) -> Any:
    pipeline = build(name, task.kinds, task.y[positions], hyper, seed)
    pipeline.fit(task.rows.iloc[positions], task.y[positions])
    last = pipeline[-1]
    if "n_jobs" in last.get_params():
        last.set_params(n_jobs=1)  # threads would add the trees' answers up in another order each time
    return pipeline


def cross_validate(name: str, task: Task, hyper: dict, seed: int, deadline: float, progress: Any) -> Tried:
    """Out-of-fold answers of one candidate. Raises OutOfTime between folds once the deadline has passed."""
    start, parts, scores = time.monotonic(), [], []
    for fit_on, held in task.folds:
        if time.monotonic() > deadline:
            raise OutOfTime
        pipeline = fit(name, task, fit_on, hyper, seed)
        parts.append(answers(pipeline, task.rows.iloc[held], len(task.classes), len(fit_on)))
        scores.append(score(task.metric, task.y[held], parts[-1]))
        progress.update()
    oof = np.concatenate(parts)
    return Tried(name, oof, scores, score(task.metric, task.y[task.scored], oof), time.monotonic() - start)


def try_all(task: Task, blocks: dict[str, dict], seed: int, budget: float) -> tuple[list[Tried], list[str]]:
    """(candidates tried, names for which no time was left); the first is tried however long it takes."""
    from tqdm import tqdm

    tried, left, deadline = [], [], time.monotonic() + budget
    with tqdm(total=len(blocks) * len(task.folds), desc="train", unit="fold", leave=False, disable=None) as progress:
        for name, hyper in blocks.items():
            progress.set_postfix_str(name)
            try:
                tried.append(cross_validate(name, task, hyper, seed, deadline if tried else np.inf, progress))
            except OutOfTime:
                left.append(name)
    return tried, left


def choose(tried: list[Tried], metric_name: str, wanted: str) -> Tried:
    """The candidate named in params.yaml, else the best by the metric; the first of equals."""
    if wanted:
        named = {t.name: t for t in tried}
        if wanted not in named:
            near = nearest(wanted, list(named)) or f"; it has {', '.join(named)}"
            raise UserError(f"params.yaml: train.choose is {wanted!r}, which was not tried{near}")
        return named[wanted]
    best = tried[0]
    for one in tried[1:]:
        if is_better(metric_name, one.score, best.score):
            best = one
    return best


def leaderboard(tried: list[Tried], chosen: Tried, naive: float, task: Task) -> pd.DataFrame:
    """One line a candidate, the best first, with the naive baseline among them."""
    rows = [(t.name, t.score, float(np.std(t.fold_scores)), t is chosen) for t in tried]
    table = pd.DataFrame([*rows, ("naive baseline", naive, 0.0, False)], columns=["name", "score", "score_std", "chosen"])
    table.insert(1, "metric", task.metric)
    table = table.sort_values("score", ascending=not metric(task.metric).greater_is_better, kind="stable")
    return table.round({"score": 6, "score_std": 6})


def prepare(frame: pd.DataFrame, contract: dict[str, Any], params: dict[str, Any], scheme: str) -> Task:
    """The training rows with the user's own features, their target and the folds."""
    problem = contract["problem"]
    columns = [f["name"] for f in used_fields(contract, ("feature", "time"))]
    y = encode_target(frame[problem["target"]], contract)
    name = params["metric"] or problem["metric"]
    metric(name, problem["task"])
    n_folds = int(params.number("folds", 2, 20))
    folds = make_folds(frame, y, contract, scheme_of(contract, scheme), n_folds, params["random_state"])
    if len(folds) < 1:
        raise UserError("data/train.parquet cannot be parted into folds; add rows, or another split.scheme in params.yaml")
    rows = add_features(frame[columns].copy())
    if len(rows) != len(frame):
        raise UserError(f"stages/lib/features.py: add_features made {len(rows)} rows of {len(frame)}; it may change columns only")
    return Task(problem["task"], problem.get("classes", []), name, rows, y, folds, added_kinds(rows, field_kinds(contract["fields"])))


def main() -> None:
    contract, params, split = read_contract(), read_params("train"), read_params("split")
    check_candidates(params["candidates"])
    frame = read_parquet("data/train.parquet")
    task = prepare(frame, contract, params, split["scheme"])
    seed, started = params["random_state"], time.monotonic()
    tried, left = try_all(task, params["candidates"], seed, params.number("time_budget", 1, 1e6))
    best = choose(tried, task.metric, params["choose"])
    pipeline = fit(best.name, task, np.arange(len(frame)), params["candidates"][best.name], seed)
    model = Model(task.name, task.classes, {c: frame[c].dtype.kind for c in frame if c in feature_names(contract)}, task.naive(task.y), len(frame))
    model.members = [(1.0, pipeline)]
    y = task.y[task.scored]
    naive = score(task.metric, y, np.tile(task.naive(task.y), (len(y), 1)) if task.classes else np.full(len(y), task.naive(task.y)))
    facts = {
        "name": best.name,
        "task": task.name,
        "metric": task.metric,
        "classes": task.classes,
        "oof_score": round(best.score, 6),
        "oof_baseline": round(naive, 6),
        "n_rows": len(frame),
        "out_of_time": left,
    }
    save_model(model, "models/candidate", facts)
    write_csv("reports/leaderboard.csv", leaderboard(tried, best, naive, task))
    seconds = {t.name: round(t.seconds, 2) for t in tried}
    write_json("reports/timings.json", {"cross_validation_seconds": seconds, "total_seconds": round(time.monotonic() - started, 2)})
    for name in left:
        print(f"  no time was left for {name}: raise train.time_budget (now {params['time_budget']} s) in params.yaml to try it")
    scores = ", ".join(f"{t.name} {t.score:.4g}" for t in tried)
    print(f"train: {task.metric} over {len(task.folds)} folds: {scores}; naive baseline {naive:.4g}; chosen: {best.name}")


def feature_names(contract: dict[str, Any]) -> set[str]:
    return {f["name"] for f in used_fields(contract, ("feature", "time"))}


if __name__ == "__main__":
    stage(main)
