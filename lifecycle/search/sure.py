"""What training leaves beside the model: how sure its answers are, the rows that reasons are held against, its out-of-fold
predictions, and whether more rows would help."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.params import TrainParams
from lifecycle.model.conformal import fit_intervals, fit_sets
from lifecycle.model.model import Model
from lifecycle.model.reasons import pick_background
from lifecycle.model.shape import shape_of
from lifecycle.search.choose import Blend
from lifecycle.search.crossval import Fitter
from lifecycle.search.data import Folds, TrainingData
from lifecycle.search.workers import Tried

SHARES = (0.125, 0.25, 0.5)  # of a fold's rows, that the learning curve is fitted on beside all of them
LEARNING_FOLDS = 3
LEAST_ROWS = 50


def fold_numbers(data: TrainingData) -> np.ndarray:
    """The fold of each scored row."""
    return np.concatenate([np.full(len(held), k) for k, (_, held) in enumerate(data.folds)])


def make_sure(
    model: Model, data: TrainingData, frame: pd.DataFrame, oof: np.ndarray, params: TrainParams
) -> dict[str, Any]:
    """Gives the model its intervals or sets of classes, and a background; what candidate.json says of the former."""
    y, weight = data.y[data.scored], data.weights(data.scored)
    if data.classes:
        model.conformal = fit_sets(y, oof, weight, params.coverage)
    else:
        rows, fold = data.some_rows(data.scored), fold_numbers(data)
        model.conformal = fit_intervals(rows, data.kinds, y, oof, fold, weight, params.coverage, data.random_state)
    model.background = pick_background(model, frame, data.random_state)
    return dict(model.conformal.facts())


def out_of_fold(data: TrainingData, oof: np.ndarray) -> pd.DataFrame:
    """Outcomes (codes, or values) and predictions of the rows that some fold scored, with fold and weight."""
    columns: dict[str, Any] = {"fold": fold_numbers(data), "y_true": data.y[data.scored]}
    if data.weight is not None:
        columns["weight"] = data.weight[data.scored]
    if oof.ndim == 1:
        columns["prediction"] = oof
    else:
        columns |= {f"p_{code}": oof[:, code] for code in range(oof.shape[1])}
    return pd.DataFrame(columns)


# ---- would more rows help? ----------------------------------------------------------------------------------------


def learning_curve(data: TrainingData, blend: Blend) -> dict[str, Any]:
    """The score of the quickest member on shares of the folds' rows and on all of them: {name, points: [{rows, score, std}]}."""
    shape = shape_of(data.kinds, data.rows, len(data.classes))

    def work(member: Tried) -> float:  # as planned: the clock would choose another one on another day
        return data.families[member.entry.candidate].cost(shape, member.entry.hyper)

    one = min(blend.members, key=work)
    folds = list(data.folds)[:LEARNING_FOLDS]
    rng = np.random.default_rng(data.random_state)
    points = []
    for share in SHARES:
        fewer = [(np.sort(rng.permutation(fit)[: int(share * len(fit))]), held) for fit, held in folds]
        if min(len(fit) for fit, _ in fewer) < LEAST_ROWS or not all_classes(data, fewer):
            continue
        points.append(point(fewer, fold_scores(data, one, fewer)))
    points.append(point(folds, one.fold_scores[: len(folds)]))
    return {"name": one.entry.name, "points": points}


def all_classes(data: TrainingData, folds: Folds) -> bool:
    """Whether the rows to fit on show each class that the whole does."""
    if not data.classes:
        return True
    whole = np.unique(data.y)
    return all(len(np.unique(data.y[fit])) == len(whole) for fit, _ in folds)


def fold_scores(data: TrainingData, one: Tried, folds: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Of that entry, fitted on these rows."""
    part = copy.copy(data)
    part.folds = folds
    fitter = Fitter(part)
    scores = []
    for k, (_, held) in enumerate(folds):
        fit = fitter.fit(one.entry, k, False)
        if isinstance(fit, str):
            return [float("nan")] * len(folds)
        stages = fit.stages
        best = min(stages, key=lambda rounds: fitter.loss(stages[rounds], held))
        scores.append(data.score(held, stages[best]))
    return scores


def point(folds: list[tuple[np.ndarray, np.ndarray]], scores: list[float]) -> dict[str, float]:
    rows = int(np.mean([len(fit) for fit, _ in folds]))
    return {"rows": rows, "score": round(float(np.mean(scores)), 6), "std": round(float(np.std(scores)), 6)}
