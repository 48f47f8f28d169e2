"""train: choose among model families by cross-validation, blend those that help each other, save the blend.

Run: python -m stages.train      (reads data/train.parquet, data/contract.yaml; writes models/candidate/,
reports/leaderboard.csv, reports/timings.json)

The clock never chooses a model in silence: what is tried is planned from the table's size (stages.lib.plan). Where a slow
machine must stop earlier, the line printed, candidate.json and the leaderboard say so.
"""

from __future__ import annotations

import time
import traceback
from typing import Any

import numpy as np
import pandas as pd

from stages.lib.blend import greedy_weights
from stages.lib.calibrate import pick_threshold, useful_calibration
from stages.lib.candidates import CANDIDATES, check_candidates
from stages.lib.conform import used_fields
from stages.lib.encode import added_kinds, as_arrays, field_kinds
from stages.lib.errors import UserError, nearest, stage
from stages.lib.features import add_features
from stages.lib.files import read_contract, read_params, read_parquet, write_csv, write_json
from stages.lib.folds import make_folds, scheme_of
from stages.lib.metrics import metric
from stages.lib.model import Model, encode_target, save_model
from stages.lib.plan import Entry, Plan, make_plan, shape_of
from stages.lib.search import Clock, Task, Tried, Workers, fit_members, try_all


def entries_of(blocks: dict[str, dict], y: np.ndarray) -> list[Entry]:
    """One a block of params.yaml; after them, of a regression on a positive and skewed target, each on its logarithm."""
    entries = [Entry(name, name, dict(hyper or {})) for name, hyper in blocks.items()]
    if y.dtype.kind == "f" and y.min() > 0 and np.mean(y) > 1.1 * np.median(y):
        entries += [Entry(f"{e.name} log", e.candidate, e.hyper, log=True) for e in entries]
    return entries


def chosen_entries(entries: list[Entry], wanted: str) -> list[Entry]:
    """Those to try: all, or the one that params.yaml names."""
    if not wanted:
        return entries
    names = [e.name for e in entries]
    if wanted not in names:
        near = nearest(wanted, names) or f"; there are {', '.join(names)}"
        raise UserError(f"params.yaml: train.choose is {wanted!r}, which is no candidate{near}")
    return [e for e in entries if e.name == wanted]


def prepare(frame: pd.DataFrame, contract: dict[str, Any], params: dict[str, Any]) -> Task:
    """The training rows with the user's own features and their target; no folds yet."""
    problem = contract["problem"]
    name = params["metric"] or problem["metric"]
    metric(name, problem["task"])
    columns = feature_names(contract)
    rows = own_features(frame[columns].copy())
    if len(rows) != len(frame):
        raise UserError(
            f"stages/lib/features.py: add_features made {len(rows)} rows of {len(frame)}; it may change columns only"
        )
    kinds = added_kinds(rows, field_kinds(contract["fields"]))
    y, weight = encode_target(frame[problem["target"]], contract), sample_weight(frame, contract)
    classes = problem.get("classes") or []
    return Task(problem["task"], classes, name, as_arrays(rows), kinds, y, weight, [], params["random_state"])


def own_features(rows: pd.DataFrame) -> pd.DataFrame:
    """`add_features` of these rows; its errors as one line."""
    try:
        return add_features(rows)
    except Exception as error:  # the user's own code may raise anything
        line = traceback.extract_tb(error.__traceback__)[1].lineno
        raise UserError(
            f"stages/lib/features.py:{line}: add_features fails ({type(error).__name__}: {error}); "
            f"the columns are {', '.join(rows.columns)}"
        ) from error


def sample_weight(frame: pd.DataFrame, contract: dict[str, Any]) -> np.ndarray | None:
    """The column of the role `weight`, or None where there is none."""
    columns = [f["name"] for f in used_fields(contract, ("weight",)) if f["name"] in frame]
    if not columns:
        return None
    weight = frame[columns[0]].to_numpy(dtype=float)
    bad = int((~(weight >= 0)).sum())
    if bad or not weight.sum() > 0:
        raise UserError(
            f'data/train.parquet: the weight column "{columns[0]}" has {bad} rows without a weight of 0 or more; '
            "fill them, or give it another role under params.yaml: columns"
        )
    return weight


def feature_names(contract: dict[str, Any]) -> list[str]:
    return [f["name"] for f in used_fields(contract, ("feature", "time"))]


def choose_weights(tried: list[Tried], task: Task, params: dict[str, Any]) -> np.ndarray:
    """Weights (m,) of the blend."""

    def small(chosen: set[int]) -> bool:
        size, latency = sum(tried[i].size_mb for i in chosen), sum(tried[i].latency_ms for i in chosen)
        return size <= params["max_size_mb"] and latency <= params["max_latency_ms"]

    if not any(small({i}) for i in range(len(tried))):
        raise UserError(
            "params.yaml: no candidate is within train.max_size_mb and train.max_latency_ms; raise them, or add a smaller candidate"
        )
    # decided classes jump when a probability crosses a half; the log loss beneath them is what can be blended
    name = "log_loss" if task.classes and metric(task.metric).needs == "classes" else task.metric
    sign = -1 if metric(name).greater_is_better else 1
    prepared = metric(name).function
    y, base = task.y[task.scored], task.weights(task.scored)

    def loss(p: np.ndarray, weight: np.ndarray | None) -> float:
        return sign * prepared(y, p, base if weight is None else weight)

    return greedy_weights([t.oof for t in tried], loss, small)


def leaderboard(
    tried: list[Tried], weights: np.ndarray, blend: dict[str, float], naive: float, task: Task
) -> pd.DataFrame:
    """One line a candidate, the best first, with the blend and the naive baseline among them. `chosen`: it is in the
    model; of several the line "blend" is the model."""
    alone = (weights > 0).sum() == 1
    rows = [
        (
            t.entry.name,
            t.score,
            float(np.std(t.fold_scores)),
            w,
            t.size_mb,
            t.latency_ms,
            t.rounds or np.nan,
            bool(w > 0),
        )
        for t, w in zip(tried, weights, strict=True)
    ]
    if not alone:
        size, latency = (
            float(sum(getattr(t, k) for t, w in zip(tried, weights, strict=True) if w > 0))
            for k in ("size_mb", "latency_ms")
        )
        rows.append(("blend", blend["score"], blend["score_std"], 1.0, size, latency, np.nan, True))
    rows.append(("naive baseline", naive, 0.0, 0.0, 0.0, 0.0, np.nan, False))
    columns = ["name", "score", "score_std", "weight", "size_mb", "latency_units", "rounds", "chosen"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(1, "metric", task.metric)
    table["rounds"] = table["rounds"].astype("Int64")
    table = table.sort_values("score", ascending=not metric(task.metric).greater_is_better, kind="stable")
    return table.round({"score": 6, "score_std": 6, "weight": 4, "size_mb": 3, "latency_units": 2})


def spread(task: Task, oof: np.ndarray) -> dict[str, float]:
    """The metric over all scored rows, and its standard deviation over the folds."""
    cuts = np.cumsum([len(held) for _, held in task.folds])[:-1]
    parts = [task.score(held, part) for (_, held), part in zip(task.folds, np.split(oof, cuts), strict=True)]
    return {"score": task.score(task.scored, oof), "score_std": float(np.std(parts))}


def plan_of(task: Task, params: dict[str, Any], scheme: str) -> Plan:
    """What the budget is enough for on a table of this size; said aloud where it is not enough for everything."""
    shape = shape_of(task.kinds, task.rows, len(task.classes))
    entries = chosen_entries(entries_of(params["candidates"], task.y), params["choose"])
    small = [e for e in entries if CANDIDATES[e.candidate].size(shape, e.hyper) <= params["max_size_mb"]]
    budget = params["time_budget"] * params["n_jobs"]
    cost = lambda entry, shape: CANDIDATES[entry.candidate].cost(shape, entry.hyper)  # noqa: E731
    plan = make_plan(small or entries[:1], shape, int(params.number("folds", 2, 20)), budget, cost, scheme == "time")
    return plan._replace(left=[e.name for e in entries if e.name not in [k.name for k in plan.entries]])


def assemble(
    task: Task,
    members: list[Tried],
    fitted: list[tuple],
    weights: np.ndarray,
    contract: dict[str, Any],
    params: dict[str, Any],
    columns: dict,
) -> tuple[Model, np.ndarray, dict[str, Any]]:
    """(the model, its out-of-fold answers, what was decided about them)."""
    from sklearn.pipeline import Pipeline

    model = Model(task.name, task.classes, columns, task.naive(np.arange(len(task.y))), len(task.y))
    styles: dict[str, Any] = {}
    for t, weight, (encoder, estimator) in zip(members, weights, fitted, strict=True):
        # members of one style have equal encoders; one object, so that a row is encoded once
        encoder = styles.setdefault(CANDIDATES[t.entry.candidate].style, encoder)
        model.members.append((float(weight), Pipeline([("encode", encoder), ("fit", estimator)])))
    oof = sum(w * t.oof for w, t in zip(weights, members, strict=True))
    y, w, decided = task.y[task.scored], task.weights(task.scored), {}
    if task.classes:
        before = oof
        model.calibration, oof = useful_calibration(before, y, w, task.seed)
        slope = model.calibration and {"slope": model.calibration.slope, "shift": model.calibration.shift}
        decided["calibration"] = {
            "kept": slope,
            "log_loss": [task.score(task.scored, p, "log_loss") for p in (before, oof)],
            "ece": [task.score(task.scored, p, "ece") for p in (before, oof)],
        }
    if task.name == "binary":
        model.threshold, why = pick_threshold(oof, y, w, contract["problem"], params["threshold"])
        decided["threshold"] = {"value": model.threshold, "why": why}
    return model, oof, decided


def main() -> None:
    contract, params, split = read_contract(), read_params("train"), read_params("split")
    clock = Clock(params.number("time_budget", 1, 1e6))
    frame = read_parquet("data/train.parquet")
    task, scheme = prepare(frame, contract, params), scheme_of(contract, split["scheme"])
    check_candidates(params["candidates"], task.y)
    plan = plan_of(task, params, scheme)
    task.folds = make_folds(frame, task.y, contract, scheme, plan.folds, task.seed)
    if not task.folds:
        raise UserError(
            "data/train.parquet cannot be parted into folds; add rows, or another split.scheme in params.yaml"
        )
    with Workers(task, int(params.number("n_jobs", 1, 256))) as workers:
        tried, left = try_all(task, plan.entries, workers, clock, keep=not plan.refit)
        if not tried:
            raise UserError("no candidate could be fitted on data/train.parquet; see train.candidates in params.yaml")
        weights = choose_weights(tried, task, params)
        members = [t for t, w in zip(tried, weights, strict=True) if w > 0]
        fitted = fit_members(members, workers) if plan.refit else [t.fitted for t in members]
    columns = {c: frame[c].dtype.kind for c in frame if c in feature_names(contract)}
    model, oof, decided = assemble(task, members, fitted, weights[weights > 0], contract, params, columns)
    blend = spread(task, oof)
    everything = np.arange(len(task.y))
    naive_answers = (
        np.tile(task.naive(everything), (len(oof), 1)) if task.classes else np.full(len(oof), task.naive(everything))
    )
    naive = task.score(task.scored, naive_answers)
    name = members[0].entry.name if len(members) == 1 else "blend"
    facts = {
        "name": name,
        "task": task.name,
        "metric": task.metric,
        "classes": task.classes,
        "members": {t.entry.name: round(float(w), 4) for t, w in zip(tried, weights, strict=True) if w > 0},
        "oof_score": round(blend["score"], 6),
        "oof_baseline": round(naive, 6),
        "n_rows": len(frame),
        "folds": len(task.folds),
        **decided,
        "not_planned": plan.left,
        "out_of_time": left,
    }
    save_model(model, "models/candidate", facts)
    write_csv("reports/leaderboard.csv", leaderboard(tried, weights, blend, naive, task))
    row = {c: v[:1] for c, v in ((c, as_arrays(frame[[c]])[c]) for c in columns)}
    write_json("reports/timings.json", timings(plan, tried, model, row, clock))
    for told in left:
        print(
            f"  the clock stopped before {told}: this machine is slower than planned for; raise train.time_budget in params.yaml"
        )
    if plan.left or plan.folds < params["folds"]:
        print(
            f"  for {len(frame)} rows the budget of {params['time_budget']} s is planned as {plan.folds} folds"
            + (f", without {', '.join(plan.left)}" if plan.left else "")
        )
    print(
        f"train: {task.metric} {blend['score']:.4g} out of fold (naive baseline {naive:.4g}); {name} of {len(tried)} candidates: "
        + ", ".join(f"{n} {w:.2g}" for n, w in facts["members"].items())
    )


def timings(plan: Plan, tried: list[Tried], model: Model, row: dict[str, np.ndarray], clock: Clock) -> dict[str, Any]:
    """What differs from run to run, and so stands apart from the leaderboard."""
    once = []
    for _ in range(30):
        start = time.perf_counter()
        model.answers(row)
        once.append(time.perf_counter() - start)
    return {
        "planned_core_seconds": round(plan.seconds, 1),
        "fit_seconds": {t.entry.name: round(t.seconds, 2) for t in tried},
        "one_row_ms": round(float(np.median(once)) * 1000, 3),
        "total_seconds": round(clock.elapsed, 2),
    }


if __name__ == "__main__":
    stage(main)
