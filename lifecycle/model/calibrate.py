"""Probabilities that mean what they say, and the threshold from which a binary prediction is yes.

Both are found on out-of-fold predictions: those for rows that the model had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import metric
from lifecycle.ground.words import percent, short
from lifecycle.table.contract import Problem


class Calibration:
    """p' proportional to p ** slope; of two classes also with a shift of the log odds (Platt 1999; temperature: Guo
    et al. 2017)."""

    def __init__(self, slope: float, shift: float) -> None:
        self.slope, self.shift = slope, shift

    def __call__(self, p: np.ndarray) -> np.ndarray:
        z = self.slope * np.log(p)
        if p.shape[1] == 2:
            z[:, 1] += self.shift
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return z / z.sum(axis=1, keepdims=True)


def fit_calibration(p: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> Calibration:
    """The one of least log loss on these rows, drawn towards no change as if 20 rows more said so."""
    from scipy.optimize import minimize

    loss, n = metric("log_loss").function, len(y)

    def penalised(z: np.ndarray) -> float:
        return loss(y, Calibration(float(np.exp(z[0])), float(z[1]))(p), weight) + 20 / n * (z[0] ** 2 + z[1] ** 2)

    z = minimize(penalised, np.zeros(2), method="Nelder-Mead", options={"maxiter": 120, "xatol": 1e-3, "fatol": 1e-7}).x
    return Calibration(round(float(np.exp(z[0])), 4), round(float(z[1]), 4) if p.shape[1] == 2 else 0.0)


def useful_calibration(
    p: np.ndarray, y: np.ndarray, weight: np.ndarray | None, random_state: int
) -> tuple[Calibration | None, np.ndarray]:
    """(the calibration, or None where it does not lower the log loss of rows it was not fitted on; out-of-fold predictions)."""
    half = np.random.default_rng(random_state).permutation(len(y)) % 2
    crossed = np.empty_like(p)
    for k in (0, 1):
        fitted = fit_calibration(p[half != k], y[half != k], None if weight is None else weight[half != k])
        crossed[half == k] = fitted(p[half == k])
    loss = metric("log_loss").function
    if not loss(y, crossed, weight) < loss(y, p, weight) * 0.999:  # a change this small is noise
        return None, p
    return fit_calibration(p, y, weight), crossed


def pick_threshold(
    p: np.ndarray, y: np.ndarray, weight: np.ndarray | None, problem: Problem, wanted: Any
) -> tuple[float, str]:
    """(threshold on the positive class's probability, the reason), from params.yaml: train.threshold, problem.costs, a
    floor of precision or recall under problem.criteria, or problem.metric where it judges decided classes; where none says
    more, problem.capacity, which also bounds what costs ask for."""
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return float(wanted), "params.yaml: train.threshold"
    if wanted and not (isinstance(wanted, dict) and len(wanted) == 1 and set(wanted) <= {"precision", "recall"}):
        raise UserError(
            f"params.yaml: train.threshold is {wanted!r}; it takes a probability, {{precision: 0.9}}, {{recall: 0.8}} or nothing"
        )
    cuts = Cuts.of(p[:, 1], y, np.ones(len(y)) if weight is None else weight)
    if wanted:
        name, floor = next(iter(wanted.items()))
        return cuts.at_floor(name, float(floor), "params.yaml: train.threshold")
    capacity = problem.capacity_share
    if problem.costs:
        why = "least cost on out-of-fold predictions (problem.costs)"
        total = cuts.cost(costs_of(problem))
        if capacity is not None:
            why = f"least cost within the capacity, {percent(capacity)} of the rows (problem.costs, problem.capacity)"
            total = np.where(cuts.selected <= capacity, total, np.inf)
        return cuts.middle(int(total.argmin())), why
    floors = {criterion.metric: criterion.bound for criterion in problem.required if criterion.sign[0] == ">"}
    for name in ("precision", "recall"):
        if name in floors:
            return cuts.at_floor(name, floors[name], f"problem.criteria.{name}")
    if problem.metric in ("f1", "balanced_accuracy"):
        value = cuts.f1 if problem.metric == "f1" else cuts.recall - cuts.fp / cuts.negative
        return cuts.middle(int(value.argmax())), f"best {problem.metric} on out-of-fold predictions"
    if capacity is not None:
        within = int(np.flatnonzero(cuts.selected <= capacity)[-1])
        return cuts.middle(within), f"as many as the capacity, {percent(capacity)} of the rows (problem.capacity)"
    return 0.5, "the likelier class"


def costs_of(problem: Problem) -> dict[str, float]:
    """What each outcome costs, a gain less than nothing: each error one where nothing is said; of those that are not named in
    what is said, an error one and a hit nothing."""
    costs = {"false_positive": 1.0, "false_negative": 1.0, "true_positive": 0.0} | dict(problem.costs)
    return costs | {"true_positive": -costs["true_positive"]}


@dataclass(frozen=True)
class Cuts:
    """Distinct probabilities `at` from the highest down, and the weight of true (`tp`) and false positives (`fp`) of "at least
    this"; the first is above them all. `positive`, `negative`: the weight of all rows that are so."""

    at: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    positive: float
    negative: float

    @classmethod
    def of(cls, chance: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Cuts:
        order = np.argsort(-chance, kind="stable")
        ranked = chance[order]
        ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)

        def counted(code: int) -> np.ndarray:
            reached = np.cumsum(weight[order] * (y[order] == code))[ends]
            return np.concatenate([[0.0], reached])

        at = np.concatenate([[1.0], ranked[ends]])
        positive = float(weight[y == 1].sum())
        return cls(at, counted(1), counted(0), positive, float(weight.sum()) - positive)

    @property
    def precision(self) -> np.ndarray:
        return self.tp / np.maximum(self.tp + self.fp, 1e-12)

    @property
    def recall(self) -> np.ndarray:
        return self.tp / max(self.positive, 1e-12)

    @property
    def selected(self) -> np.ndarray:
        """The share of all rows."""
        return (self.tp + self.fp) / (self.positive + self.negative)

    def cost(self, costs: dict[str, float]) -> np.ndarray:
        """In all, by `costs_of` a problem."""
        missed = self.positive - self.tp
        return costs["false_positive"] * self.fp + costs["false_negative"] * missed + costs["true_positive"] * self.tp

    @property
    def f1(self) -> np.ndarray:
        return 2 * self.tp / (self.tp + self.fp + self.positive)

    def at_floor(self, name: str, floor: float, why: str) -> tuple[float, str]:
        """The threshold that keeps `name` at the floor and gives the most of the other one."""
        kept, other = self.precision, self.recall
        if name == "recall":
            kept, other = other, kept
        if not (kept >= floor).any():
            reason = f"{why}: {name} {floor:g} is out of reach, the nearest is {short(kept.max(), 3)}"
            return self.middle(int(kept.argmax())), reason
        best = int(np.where(kept >= floor, other, -1).argmax())
        return self.middle(best), f"{why}: {name} at least {floor:g} out of fold"

    def middle(self, i: int) -> float:
        """Half way to the next probability below, so that a rounding moves no row across."""
        below = self.at[i + 1] if i + 1 < len(self.at) else 0.0
        return round(float((self.at[i] + below) / 2), 6)
