"""train: choose among model families by cross-validation, blend those that help each other, save the blend.

Run: python -m stages.train      (reads data/train.parquet, data/contract.yaml; writes models/candidate/,
reports/leaderboard.csv, reports/search.json, reports/timings.json)

The clock never chooses a model in silence: what is tried is planned from the table's size (lifecycle.search.budget). Where a slow
machine must stop earlier, the line printed, candidate.json and the metric `out_of_time` say so.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from lifecycle.ground.errors import UserError, nearest
from lifecycle.ground.files import Block
from lifecycle.ground.metrics import default_metric, metric
from lifecycle.ground.words import as_scores, percent, short
from lifecycle.model.calibrate import pick_threshold, useful_calibration
from lifecycle.model.model import AddFeatures, Model
from lifecycle.model.shape import shape_of
from lifecycle.search.blend import greedy_weights
from lifecycle.search.budget import Entry, Plan, make_plan
from lifecycle.search.data import Task
from lifecycle.search.workers import Clock, Found, Tried


def entries_of(blocks: dict[str, dict], y: np.ndarray, wanted: str) -> list[Entry]:
    """One a block of params.yaml; after them, of a regression on a positive and skewed target, each on its logarithm.
    Only the one that train.choose names, where it names one."""
    entries = [Entry(name, name, dict(hyper or {})) for name, hyper in blocks.items()]
    if y.dtype.kind == "f" and y.min() > 0 and np.mean(y) > 1.1 * np.median(y):
        entries += [Entry(f"{e.name} log", e.candidate, e.hyper, log=True) for e in entries]
    names = [e.name for e in entries]
    if wanted and wanted not in names:
        near = nearest(wanted, names) or f"; there are {', '.join(names)}"
        raise UserError(f"params.yaml: train.choose is {wanted!r}, which is no candidate{near}")
    return [e for e in entries if e.name == (wanted or e.name)]


def plan_of(task: Task, params: Block, scheme: str) -> Plan:
    """What the budget is enough for on a table of this size."""
    shape = shape_of(task.kinds, task.rows, len(task.classes))
    entries = entries_of(params["candidates"], task.y, params["choose"])
    small = [e for e in entries if task.families[e.candidate].size(shape, e.hyper) <= params["max_size_mb"]]
    core_seconds = params["time_budget"] * params.number("n_jobs", 1, 256)

    def cost(entry: Entry, shape: Any) -> float:
        return task.families[entry.candidate].cost(shape, entry.hyper)

    # forward in time the last fold has not seen the newest rows: the model is always fitted again
    folds, refit = int(params.number("folds", 2, 20)), scheme == "time"
    plan = make_plan(small or entries[:1], shape, folds, core_seconds, cost, refit)
    planned = [e.name for e in plan.entries]
    return plan._replace(left=[e.name for e in entries if e.name not in planned])


def choose_weights(tried: list[Tried], task: Task, params: Block) -> np.ndarray:
    """Weights (m,) of the blend, within train.max_size_mb and train.max_latency_ms."""

    def small(chosen: set[int]) -> bool:
        size, latency = sum(tried[i].size_mb for i in chosen), sum(tried[i].latency_ms for i in chosen)
        return size <= params["max_size_mb"] and latency <= params["max_latency_ms"]

    if not any(small({i}) for i in range(len(tried))):
        raise UserError(
            "params.yaml: no candidate is within train.max_size_mb and train.max_latency_ms; raise them, or add a smaller candidate"
        )
    name = task.metric
    # decided classes jump where a probability crosses a half, and some metrics are undefined on some rows (mape of 0)
    if metric(name).needs == "classes" or np.isnan(tried[0].score):
        name = default_metric(task.name)
    sign = -1 if metric(name).greater_is_better else 1
    return greedy_weights([t.oof for t in tried], lambda p: sign * task.score(task.scored, p, name), small)


def assemble(
    task: Task,
    members: list[Tried],
    fitted: list[tuple],
    weights: np.ndarray,
    columns: dict[str, str],
    add_features: AddFeatures | None,
) -> Model:
    """The model of these members, neither calibrated nor with a threshold yet."""
    from sklearn.pipeline import Pipeline

    everything = np.arange(len(task.y))
    model = Model(task.name, task.classes, columns, task.naive(everything), len(everything), add_features)
    styles: dict[str, Any] = {}
    for t, weight, (encoder, estimator) in zip(members, weights, fitted, strict=True):
        # members of one style have equal encoders; one object, so that a row is encoded once
        encoder = styles.setdefault(task.families[t.entry.candidate].style, encoder)
        model.members.append((float(weight), Pipeline([("encode", encoder), ("fit", estimator)])))
    return model


def decide(
    model: Model, task: Task, oof: np.ndarray, problem: dict[str, Any], wanted: Any
) -> tuple[np.ndarray, dict[str, Any]]:
    """Calibrates `model` and sets its threshold by out-of-fold answers; (those answers calibrated, what was decided)."""
    if not task.classes:
        return oof, {}
    y, weight = task.y[task.scored], task.weights(task.scored)
    model.calibration, calibrated = useful_calibration(oof, y, weight, task.seed)
    kept = model.calibration and {"slope": model.calibration.slope, "shift": model.calibration.shift}
    facts: dict[str, Any] = {"calibration": {"kept": kept}}
    for name in ("log_loss", "ece"):
        before, after = (round(task.score(task.scored, p, name), 6) for p in (oof, calibrated))
        facts["calibration"][name] = {"before": before, "after": after}
    if task.name == "binary":
        model.threshold, why = pick_threshold(calibrated, y, weight, problem, wanted)
        positive = round(float((calibrated[:, 1] >= model.threshold).mean()), 7)
        facts["threshold"] = {"value": model.threshold, "why": why, "share_positive": positive}
    return calibrated, facts


def timings(plan: Plan, tried: list[Tried], model: Model, row: dict[str, np.ndarray], clock: Clock) -> dict[str, Any]:
    """What differs from run to run, and so stands apart from the leaderboard."""
    seconds = []
    for _ in range(30 if len(row) == len(model.columns) else 0):
        start = time.perf_counter()
        model.predictions(row)
        seconds.append(time.perf_counter() - start)
    return {
        "planned_core_seconds": round(plan.seconds, 1),
        "fit_seconds": {t.entry.name: round(t.seconds, 2) for t in tried},
        "one_row_ms": round(float(np.median(seconds)) * 1000, 3) if seconds else None,
        "total_seconds": round(clock.elapsed, 2),
    }


def tell(facts: dict[str, Any], plan: Plan, found: Found, params: Block) -> None:
    """What was left out and why, and the line of numbers."""
    if plan.left or plan.folds < params["folds"]:
        without = f", without {', '.join(plan.left)}" if plan.left else ""
        print(
            f"  {facts['n_rows']} rows and train.time_budget {params['time_budget']} s: {plan.folds} folds planned{without}"
        )
    for name, why in found.unfit.items():
        print(f"  {name} is left out: {why}")
    if found.left:
        print(f"  the clock stopped before {', '.join(found.left)}: this machine is slower than planned for; another run may differ; "
              f"raise train.time_budget in params.yaml")  # fmt: skip
    threshold = facts.get("threshold", {})
    if threshold.get("share_positive") == 0:
        print(
            f'  no predicted probability reaches the threshold {short(threshold["value"])}, so every row is predicted to be "{facts["classes"][0]}": '
            "params.yaml can say what errors cost (problem.costs), or train.threshold: {recall: 0.8}"
        )
    score, baseline = as_scores([facts["oof_score"], facts["oof_baseline"]])
    print(
        f"train: {facts['metric']} {score} out of fold, naive baseline {baseline}; "
        f"{chosen(facts['members'], len(found.tried))}"
    )


def chosen(members: dict[str, float], tried: int) -> str:
    """What the model is made of, the largest share first."""
    if len(members) == 1:
        (name,) = members
        return f"{name}, the only candidate" if tried == 1 else f"{name}, the best of {tried} candidates"
    shares = sorted(members.items(), key=lambda one: -one[1])
    listed = ", ".join(f"{name} {percent(weight)}" for name, weight in shares)
    of = "" if len(members) == tried else f" of {tried}"
    return f"blend of {len(members)}{of} candidates: {listed}"
