"""From candidates to a model: what is entered, what the budget is enough for, the weights of the blend, and its decisions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from lifecycle.ground.errors import UserError, nearest
from lifecycle.ground.metrics import default_metric, metric
from lifecycle.ground.params import TrainParams
from lifecycle.ground.words import as_scores, percent, short
from lifecycle.model.calibrate import pick_threshold, useful_calibration
from lifecycle.model.model import AddFeatures, Model
from lifecycle.model.shape import Shape, shape_of
from lifecycle.search.blend import bagged_weights, clearly_better, drawn_rows, greedy_weights
from lifecycle.search.budget import BESIDE, MANY, MANY_DRAWS, Entry, Plan, make_plan, more_entries
from lifecycle.search.data import TrainingData
from lifecycle.search.repeats import repeat_all
from lifecycle.search.workers import Clock, Fitted, Found, Tried, Workers, fit_members, try_all
from lifecycle.table.contract import Problem

FEW = 5_000  # rows up to which the weights of a blend are the mean over draws of the rows
Loss: TypeAlias = Callable[..., float]

# ---- what is tried ------------------------------------------------------------------------------------------------


def entries_of(blocks: dict[str, Any], y: np.ndarray, wanted: str) -> list[Entry]:
    """One a block of params.yaml; after them, of a regression on a positive and skewed target, each on its logarithm.
    Only the one that train.choose names, where it names one."""
    entries = [Entry(name, name, dict(hyper or {})) for name, hyper in blocks.items()]
    if y.dtype.kind == "f" and y.min() > 0 and np.mean(y) > 1.1 * np.median(y):
        entries += [Entry(f"{e.name} log", e.candidate, e.hyper, log=True) for e in entries]
    if not wanted:
        return entries
    names = [e.name for e in entries]
    if wanted not in names:
        near = nearest(wanted, names) or f"; there are {', '.join(names)}"
        raise UserError(f"params.yaml: train.choose is {wanted!r}, which is not a candidate{near}")
    return [e for e in entries if e.name == wanted]


def plan_of(data: TrainingData, params: TrainParams, scheme: str) -> Plan:
    """What the budget is enough for on a table of this size."""
    return plan_for(data, shape_of(data.kinds, data.rows, len(data.classes)), params, scheme)


def small_entries(data: TrainingData, shape: Shape, params: TrainParams) -> list[Entry]:
    """Those whose files stay within train.max_size_mb on a table of this shape; the first where none does."""
    entries = entries_of(params.candidates, data.y, params.choose)
    small = [e for e in entries if data.families[e.candidate].size(shape, e.hyper) <= params.max_size_mb]
    return small or entries[:1]


def plan_for(data: TrainingData, shape: Shape, params: TrainParams, scheme: str, share: float = 1.0) -> Plan:
    """What `share` of the budget is enough for on a table of that shape, of which `data` are all rows or some."""
    small = small_entries(data, shape, params)
    # forward in time the last fold has not seen the newest rows: the model is always fitted again
    refit = scheme == "time"
    beside = BESIDE * shape.rows if shape.rows >= MANY else 0.0
    core_seconds = max(share * params.time_budget - beside, 0.0) * params.n_jobs
    repeats = 1 if scheme == "time" else params.repeats
    plan = make_plan(small, shape, params.folds, core_seconds, cost_of(data), refit, repeats)
    planned = [e.name for e in plan.entries]
    entries = entries_of(params.candidates, data.y, params.choose)
    return plan._replace(left=[e.name for e in entries if e.name not in planned])


def cost_of(data: TrainingData) -> Callable[[Entry, Shape], float]:
    """Seconds of one core that a fit of an entry takes on a table of some shape."""

    def cost(entry: Entry, shape: Shape) -> float:
        return data.families[entry.candidate].cost(shape, entry.hyper)

    return cost


# ---- what is chosen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blend:
    """`found`: what was tried; `weights` of all of it; `members`: those of some weight, with what was `fitted` for each, and with
    `further` fits, of other random numbers, that are averaged with it."""

    found: Found
    weights: np.ndarray
    members: list[Tried]
    fitted: list[Fitted]
    further: list[list[Fitted]] = field(default_factory=list)

    @property
    def shares(self) -> np.ndarray:
        """The members' weights."""
        return self.weights[self.weights > 0]

    @property
    def name(self) -> str:
        return self.members[0].entry.name if len(self.members) == 1 else "blend"

    @property
    def oof(self) -> np.ndarray:
        """Out-of-fold predictions of the blend, in the order of TrainingData.scored."""
        return sum(
            (share * one.oof for share, one in zip(self.shares, self.members, strict=True)),
            start=np.zeros_like(self.members[0].oof),
        )


def find_blend(data: TrainingData, plan: Plan, params: TrainParams, clock: Clock) -> Blend:
    """Cross-validate what is planned, weigh it, and fit what has a weight."""
    with Workers(data, params.n_jobs) as workers:
        found = try_planned(data, plan, workers, clock)
        if not found.tried:
            raise UserError(f"no candidate could be fitted: {found.unfit}; see train.candidates in params.yaml")

        def weigh(tried: list[Tried]) -> np.ndarray:
            """Quickly, to see whether a further repeat pays."""
            return choose_weights(tried, data, params, steady=False)

        if data.repeats:
            found = repeat_all(data, found, workers, clock, weigh, loss_of(found.tried, data))
        weights = choose_weights(found.tried, data, params)
        members = [one for one, weight in zip(found.tried, weights, strict=True) if weight > 0]
        if not plan.refit:
            return Blend(found, weights, members, [one.fitted for one in members if one.fitted is not None])
        fitted = fit_members(members, workers, draws_of(members, data, params))
        for one, draws in zip(members, fitted, strict=True):
            one.size_mb *= len(draws)
            one.latency_ms *= len(draws)
        return Blend(found, weights, members, [draws[0] for draws in fitted], [draws[1:] for draws in fitted])


def try_planned(data: TrainingData, plan: Plan, workers: Workers, clock: Clock) -> Found:
    """The plan's entries; then, as long as there is room by the rounds that they ran, of those it had left out."""
    shape = shape_of(data.kinds, data.rows, len(data.classes))
    found = try_all(data, plan.entries, workers, clock, keep=not plan.refit)
    while not found.left:
        run = [as_run(one, data) for one in found.tried]
        more = more_entries(plan, run, shape, cost_of(data))
        if not more:
            break
        found = try_all(data, more, workers, clock, keep=not plan.refit, before=found)
        plan = plan._replace(spare=tuple(e for e in plan.spare if e not in more))
    return found


def as_run(one: Tried, data: TrainingData) -> Entry:
    """Its entry, with the rounds that its folds ran."""
    rounds = data.families[one.entry.candidate].rounds
    return replace(one.entry, hyper=one.entry.hyper | {rounds: one.ran}) if rounds else one.entry


def draws_of(members: list[Tried], data: TrainingData, params: TrainParams) -> int:
    """How often each member that draws random numbers is fitted on all rows: as often as the folds were, where size and
    latency allow."""
    drawing = [data.families[one.entry.candidate].draws for one in members]
    for draws in range(min(MANY_DRAWS, 1 + len(data.repeats)), 1, -1):
        times = np.where(drawing, draws, 1)
        sizes = [one.size_mb for one in members] * times
        latencies = [one.latency_ms for one in members] * times
        if within(sizes, latencies, params):
            return draws
    return 1


def within(sizes: Iterable[float], latencies: Iterable[float], params: TrainParams) -> bool:
    """Whether members of these sizes and latencies make a model within train.max_size_mb and train.max_latency_ms."""
    return sum(sizes) <= params.max_size_mb and sum(latencies) <= params.max_latency_ms


def loss_of(tried: list[Tried], data: TrainingData) -> Loss:
    """What weights are chosen by: of a prediction, in the order of TrainingData.scored or for these `rows` of it, less is
    better."""
    name = data.metric
    # decided classes jump where a probability crosses a half, and some metrics are undefined on some rows (mape of 0)
    if metric(name).needs == "classes" or np.isnan(tried[0].score):
        name = default_metric(data.task)
    sign = -1 if metric(name).greater_is_better else 1

    scored = data.scored

    def loss(prediction: np.ndarray, rows: np.ndarray | None = None) -> float:
        return sign * data.score(scored if rows is None else scored[rows], prediction, name)

    return loss


def choose_weights(tried: list[Tried], data: TrainingData, params: TrainParams, steady: bool = True) -> np.ndarray:
    """Weights (m,) of the blend, within train.max_size_mb and train.max_latency_ms. `steady`: on few rows the mean over draws of
    the rows."""

    def fits(chosen: set[int]) -> bool:
        return within([tried[i].size_mb for i in chosen], [tried[i].latency_ms for i in chosen], params)

    if not any(fits({i}) for i in range(len(tried))):
        raise UserError(
            "params.yaml: no candidate is within train.max_size_mb and train.max_latency_ms; raise them, or add a smaller candidate"
        )
    predictions, loss = [one.oof for one in tried], loss_of(tried, data)
    greedy = greedy_weights(predictions, loss, fits)
    if not steady or len(tried) == 1 or len(predictions[0]) > FEW:
        return greedy
    draws = drawn_rows(data.y[data.scored], data.random_state)
    each = [[as_fitted(one, draw, data) for one in tried] for draw in range(len(draws))]
    bagged = bagged_weights(each, loss, fits, draws)
    if bagged is None:
        return greedy
    best = min((i for i in range(len(tried)) if fits({i})), key=lambda i: loss(predictions[i]))
    single = [of_draw[best] for of_draw in each]
    blended = [np.tensordot(bagged, np.stack(of_draw), axes=1) for of_draw in each]
    return greedy if clearly_better(single, blended, loss, draws) else bagged


def as_fitted(one: Tried, draw: int, data: TrainingData) -> np.ndarray:
    """Its out-of-fold predictions from as many repeats as it is fitted times in the end, which ones by the number of the draw. The
    mean over all repeats would make one that is different each time look steadier than the model will be."""
    if not one.repeats:
        return one.oof
    times = MANY_DRAWS if data.families[one.entry.candidate].draws else 1
    some = [one.repeats[(draw + k) % len(one.repeats)] for k in range(times)]
    return np.mean(some, axis=0)


def assemble(data: TrainingData, blend: Blend, add_features: AddFeatures | None) -> Model:
    """The model of these members, neither calibrated nor with a threshold yet."""
    from sklearn.pipeline import Pipeline

    model = Model(data.task, data.classes, data.columns, data.baseline(), len(data.y), add_features)
    styles: dict[str, Any] = {}
    further = blend.further or [[] for _ in blend.members]
    for one, share, first, others in zip(blend.members, blend.shares, blend.fitted, further, strict=True):
        draws = [first, *others]
        for encoder, estimator in draws:
            # members of one style have equal encoders; one object, so that a row is encoded once
            encoder = styles.setdefault(data.families[one.entry.candidate].style, encoder)
            pipeline = Pipeline([("encode", encoder), ("fit", estimator)])
            model.members.append((float(share) / len(draws), pipeline))
    return model


def decide(
    model: Model, data: TrainingData, oof: np.ndarray, problem: Problem, wanted: Any
) -> tuple[np.ndarray, dict[str, Any]]:
    """Calibrates `model` and sets its threshold by out-of-fold predictions; (these calibrated, what was decided)."""
    if not data.classes:
        return oof, {}
    y, weight = data.y[data.scored], data.weights(data.scored)
    model.calibration, calibrated = useful_calibration(oof, y, weight, data.random_state)
    kept = None
    if model.calibration:
        kept = {"slope": model.calibration.slope, "shift": model.calibration.shift}
    facts: dict[str, Any] = {"calibration": {"kept": kept}}
    for name in ("log_loss", "ece"):
        before, after = (round(data.score(data.scored, p, name), 6) for p in (oof, calibrated))
        facts["calibration"][name] = {"before": before, "after": after}
    if data.task == "binary":
        model.threshold, why = pick_threshold(calibrated, y, weight, problem, wanted)
        positive = round(float((calibrated[:, 1] >= model.threshold).mean()), 7)
        facts["threshold"] = {"value": model.threshold, "why": why, "share_positive": positive}
    return calibrated, facts


# ---- what is told -------------------------------------------------------------------------------------------------


def facts_of(
    data: TrainingData, plan: Plan, blend: Blend, score: float, baseline: float, decided: dict[str, Any]
) -> dict[str, Any]:
    """What candidate.json holds beside hash and versions."""
    members = zip(blend.members, blend.shares, strict=True)
    return {
        "name": blend.name,
        "task": data.task,
        "metric": data.metric,
        "classes": data.classes,
        "members": {one.entry.name: round(float(share), 4) for one, share in members},
        "oof_score": round(score, 6),
        "oof_baseline": round(baseline, 6),
        "n_rows": max(one.rows for one in blend.members),
        "folds": len(data.folds),
        "repeats": 1 + len(data.repeats),
        **decided,
        "not_planned": blend.found.without(plan.left),
        "unfit": blend.found.unfit,
        "out_of_time": blend.found.left,
    }


def timings(data: TrainingData, plan: Plan, blend: Blend, model: Model, clock: Clock) -> dict[str, Any]:
    """What differs from run to run, and so stands apart from the leaderboard."""
    row = {name: np.asarray(data.rows[name][:1]) for name in model.columns if name in data.rows}
    seconds = []
    for _ in range(30 if len(row) == len(model.columns) else 0):
        start = time.perf_counter()
        model.predictions(row)
        seconds.append(time.perf_counter() - start)
    return {
        "planned_core_seconds": round(plan.seconds, 1),
        "fit_seconds": {one.entry.name: round(one.seconds, 2) for one in blend.found.tried},
        "one_row_ms": round(float(np.median(seconds)) * 1000, 3) if seconds else None,
        "total_seconds": round(clock.elapsed, 2),
    }


def tell(facts: dict[str, Any], plan: Plan, found: Found, params: TrainParams) -> None:
    """What was left out and why, and the line of numbers."""
    left = found.without(plan.left)
    if left or plan.folds < params.folds:
        without = f", without {', '.join(left)}" if left else ""
        rows = facts.get("sample", {}).get("searched", facts["n_rows"])
        budget = f"{rows:,} rows and train.time_budget {params.time_budget} s"
        print(f"  {budget}: {plan.folds} folds planned{without}")
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
    where = "on rows kept aside" if "sample" in facts else "out of fold"
    print(
        f"train: {facts['metric']} {score} {where}, naive baseline {baseline}; "
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
