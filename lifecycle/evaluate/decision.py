"""From predictions to what is done with them: thresholds with their costs, lift, errors by class or by size."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lifecycle.evaluate import curves
from lifecycle.ground.metrics import Draw
from lifecycle.model.calibrate import Cuts, costs_of, pick_threshold
from lifecycle.table.contract import Field, Problem

Array = np.ndarray
CUTS = 160  # thresholds that a page can try
SHARES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)  # of the rows, the riskiest first
BINS = 20
CONFUSIONS = 12
TOLERANCES = (0.05, 0.1, 0.2)  # of the actual value, where problem.tolerance says none


class OutOfFold(NamedTuple):
    """Outcomes (codes, or values) and predictions of training rows by models that had not seen them; `weight` of each row."""

    y_true: Array
    prediction: Array
    weight: Array


@dataclass(frozen=True)
class Trained:
    """What training says beside the model: candidate.json, and its out-of-fold predictions, where they are known."""

    facts: dict[str, Any] = field(default_factory=dict)
    oof: OutOfFold | None = None

    @classmethod
    def read(cls, facts: dict[str, Any], oof: pd.DataFrame) -> Trained:
        """`oof`: as models/candidate/oof.parquet has it."""
        chances = [name for name in oof.columns if name.startswith("p_")]
        prediction = oof[chances].to_numpy() if chances else oof["prediction"].to_numpy()
        weight = oof["weight"].to_numpy() if "weight" in oof else np.ones(len(oof))
        return cls(facts, OutOfFold(oof["y_true"].to_numpy(), prediction, weight))


def share_of(hits: int, n: int) -> dict[str, Any]:
    """A share with its 95 % interval."""
    if not n:
        return {"value": None, "low": None, "high": None}
    low, high = curves.wilson(hits / n, n)
    return {"value": hits / n, "low": low, "high": high}


def mean_of(values: Array, confidence: float) -> dict[str, Any]:
    """A mean with its interval, by the central limit."""
    if not len(values):
        return {"value": None, "low": None, "high": None}
    mean, half = float(values.mean()), float("nan")
    if len(values) > 1:
        half = NormalDist().inv_cdf((1 + confidence) / 2) * float(values.std(ddof=1)) / float(np.sqrt(len(values)))
    return {"value": mean, "low": mean - half, "high": mean + half}


# ---- two classes --------------------------------------------------------------------------------------------------


def of_binary(
    y_true: Array, chance: Array, threshold: float, problem: Problem, draw: Draw, candidate: Trained
) -> dict[str, Any]:
    """`chance`: of the positive class. Counts are of test rows, each as one, whatever its weight."""
    chosen = candidate.facts.get("threshold") or {"value": threshold, "why": "the likelier class"}
    costs = costs_of(problem)
    oof = candidate.oof
    points: list[dict[str, Any]] = [{"name": "used", "threshold": threshold, "why": chosen["why"]}]
    if oof and (best := best_out_of_fold(problem, oof))["threshold"] != threshold:
        saved = cost_of_rows(oof.y_true, oof.prediction[:, 1], threshold, costs)
        saved -= cost_of_rows(oof.y_true, oof.prediction[:, 1], best["threshold"], costs)
        points.append(best | {"saved": mean_of(saved, draw.confidence)})
    for one in points:
        one["test"] = counted(y_true, chance, one["threshold"], costs, draw.confidence)
        if oof:
            one["out_of_fold"] = counted(oof.y_true, oof.prediction[:, 1], one["threshold"], costs, draw.confidence)
    return {
        "costs": dict(problem.costs),
        "capacity": problem.capacity_share,
        "points": points,
        "cuts": cuts(y_true, chance, threshold),
        "lift": lift(y_true, chance),
        "gain": gain(y_true, chance),
        "histogram": histogram(y_true, chance),
    }


def best_out_of_fold(problem: Problem, oof: OutOfFold) -> dict[str, Any]:
    """The threshold that costs least where problem.costs says what errors cost, else that of the highest F1."""
    if problem.costs:
        value, why = pick_threshold(oof.prediction, oof.y_true, oof.weight, problem, "")
        return {"name": "best", "threshold": value, "why": why}
    found = Cuts.of(oof.prediction[:, 1], oof.y_true, oof.weight)
    highest = found.middle(int(found.f1.argmax()))
    return {"name": "best", "threshold": highest, "why": "highest F1 on out-of-fold predictions"}


def cost_of_rows(y_true: Array, chance: Array, threshold: float, costs: dict[str, float]) -> Array:
    selected = chance >= threshold
    cost = np.zeros(len(y_true))
    cost[selected & (y_true == 0)] = costs["false_positive"]
    cost[~selected & (y_true == 1)] = costs["false_negative"]
    cost[selected & (y_true == 1)] = costs["true_positive"]
    return cost


def counted(
    y_true: Array, chance: Array, threshold: float, costs: dict[str, float], confidence: float
) -> dict[str, Any]:
    """What comes of a threshold."""
    selected, true = chance >= threshold, y_true == 1
    tp, fp = int((selected & true).sum()), int((selected & ~true).sum())
    fn = int(true.sum()) - tp
    return {
        "tp": tp, "fp": fp, "fn": fn, "tn": len(y_true) - tp - fp - fn,
        "selected": share_of(tp + fp, len(y_true)),
        "recall": share_of(tp, tp + fn),
        "precision": share_of(tp, tp + fp),
        "cost": mean_of(cost_of_rows(y_true, chance, threshold, costs), confidence),
    }  # fmt: skip


def cuts(y_true: Array, chance: Array, used: float) -> list[list[float]]:
    """[threshold, true positives, false positives], from the one that selects no row to the one that selects all, the one in
    use among them."""
    found = Cuts.of(chance, y_true, np.ones(len(y_true)))
    some = np.unique(np.linspace(0, len(found.at) - 1, CUTS).astype(int))
    out = [[found.middle(i), int(found.tp[i]), int(found.fp[i])] for i in some.tolist()]
    called = chance >= used
    own = [float(used), int((called & (y_true == 1)).sum()), int((called & (y_true == 0)).sum())]
    others = [one for one in out if one[0] != own[0]]
    return sorted([*others, own], key=lambda one: -one[0])


def lift(y_true: Array, chance: Array) -> list[dict[str, Any]]:
    """The riskiest rows by share: how many of the positive ones they hold, and how many of them are positive."""
    ranked = (y_true == 1)[np.argsort(-chance, kind="stable")]
    whole, out = ranked.sum(), []
    for share in SHARES:
        n = int(np.ceil(share * len(ranked)))
        hits = int(ranked[:n].sum())
        if n < 5 or not whole:
            continue
        row = {
            "share": share,
            "n": n,
            "hits": hits,
            "recall": share_of(hits, int(whole)),
            "precision": share_of(hits, n),
        }
        out.append(row | {"lift": hits / n / (whole / len(ranked))})
    return out


def gain(y_true: Array, chance: Array) -> dict[str, list[float]]:
    """Cumulative gain: the share of rows, the riskiest first, and of the positive ones among them."""
    ranked = (y_true == 1)[np.argsort(-chance, kind="stable")]
    if not ranked.any():
        return {"rows": [], "found": []}
    n = len(ranked)
    rows, found = curves.thinned(np.arange(n + 1) / n, np.append(0, np.cumsum(ranked) / ranked.sum()), 80)
    return {"rows": rows.tolist(), "found": found.tolist()}


def histogram(y_true: Array, chance: Array) -> dict[str, list[int]]:
    """Rows by predicted probability, in equal bins from 0 to 1, of the negative and of the positive class."""
    edges = np.linspace(0, 1, BINS + 1)
    counts = [np.histogram(chance[y_true == code], edges)[0].tolist() for code in (0, 1)]
    return {"negative": counts[0], "positive": counts[1]}


# ---- more classes -------------------------------------------------------------------------------------------------


def of_multiclass(y_true: Array, decided: Array, classes: list[str]) -> dict[str, Any]:
    """Precision, recall and support of each class, and what is taken for what."""
    k = len(classes)
    counts = np.bincount(y_true * k + decided, minlength=k * k).reshape(k, k)
    rows = []
    for code, name in enumerate(classes):
        hits, support, predicted = int(counts[code, code]), int(counts[code].sum()), int(counts[:, code].sum())
        row = {"class": name, "support": support, "predicted": predicted}
        rows.append(row | {"precision": share_of(hits, predicted), "recall": share_of(hits, support)})
    wrong = counts * (1 - np.eye(k, dtype=int))
    order = np.argsort(-wrong.ravel(), kind="stable")[:CONFUSIONS]
    confusions = []
    for place in order.tolist():
        actual, other = divmod(place, k)
        if n := int(wrong[actual, other]):
            share = n / int(counts[actual].sum())
            confusions.append({"actual": classes[actual], "predicted": classes[other], "n": n, "share": share})
    return {"classes": rows, "confusions": confusions}


# ---- values -------------------------------------------------------------------------------------------------------


def within(y_true: Array, y_pred: Array, tolerance: dict[str, float]) -> Array:
    """Whether each error is small enough; `tolerance`: {error} or {share} of the actual value."""
    error = np.abs(y_true - y_pred)
    return error <= tolerance["error"] if "error" in tolerance else error <= tolerance["share"] * np.abs(y_true)


def of_regression(
    y_true: Array, y_pred: Array, frame: pd.DataFrame, ranked: list[Field], problem: Problem, confidence: float
) -> dict[str, Any]:
    """Shares of rows within tolerances, and the error by size of the prediction and by the largest columns."""
    tolerances: list[dict[str, Any]] = [{"share": one} for one in TOLERANCES]
    if problem.tolerance:
        tolerances = [dict(problem.tolerance)]
    shares = [one | share_of(int(within(y_true, y_pred, one).sum()), len(y_true)) for one in tolerances]
    cut_at, names = curves.fifths(y_pred)
    by = [{"column": "", "levels": errors_of(np.searchsorted(cut_at, y_pred), names, y_true, y_pred, confidence)}]
    for one in [column for column in ranked if column.type != "text"][:3]:
        codes, levels = levels_of(frame[one.name], one)
        by.append({"column": one.name, "levels": errors_of(codes, levels, y_true, y_pred, confidence)})
    return {"tolerances": shares, "by": by}


def levels_of(column: pd.Series, one: Field) -> tuple[Array, list[str]]:
    from lifecycle.evaluate.slices import levels

    level = levels(column, one, 8).cat
    return level.codes.to_numpy(), [str(name) for name in level.categories]


def errors_of(codes: Array, names: list[str], y_true: Array, y_pred: Array, confidence: float) -> list[dict[str, Any]]:
    """Of each part: its mean error (prediction less outcome) and mean absolute error."""
    out = []
    for code, name in enumerate(names):
        error = (y_pred - y_true)[codes == code]
        if len(error):
            row = {"level": name, "n": len(error), "bias": mean_of(error, confidence)}
            out.append(row | {"mae": mean_of(np.abs(error), confidence)})
    return out
