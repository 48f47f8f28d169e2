"""Probabilities that mean what they say, and the threshold from which a binary answer is yes.

Both are found on out-of-fold answers: answers to rows that the answering model had not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import metric
from lifecycle.ground.words import short


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
    p: np.ndarray, y: np.ndarray, weight: np.ndarray | None, seed: int
) -> tuple[Calibration | None, np.ndarray]:
    """(the calibration, or None where it does not lower the log loss of rows it was not fitted on; out-of-fold answers)."""
    half = np.random.default_rng(seed).permutation(len(y)) % 2
    crossed = np.empty_like(p)
    for k in (0, 1):
        fitted = fit_calibration(p[half != k], y[half != k], None if weight is None else weight[half != k])
        crossed[half == k] = fitted(p[half == k])
    loss = metric("log_loss").function
    if not loss(y, crossed, weight) < loss(y, p, weight) * 0.999:  # a change this small is noise in the answers
        return None, p
    return fit_calibration(p, y, weight), crossed


def pick_threshold(
    p: np.ndarray, y: np.ndarray, weight: np.ndarray | None, problem: dict[str, Any], wanted: Any
) -> tuple[float, str]:
    """(threshold on the positive class's probability, the reason), from params.yaml: train.threshold, problem.costs, a
    floor of precision or recall under problem.criteria, or problem.metric where it judges decided classes."""
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return float(wanted), "params.yaml: train.threshold"
    if wanted and not (isinstance(wanted, dict) and len(wanted) == 1 and set(wanted) <= {"precision", "recall"}):
        raise UserError(
            f"params.yaml: train.threshold is {wanted!r}; it takes a probability, {{precision: 0.9}}, {{recall: 0.8}} or nothing"
        )
    told, weight = p[:, 1], np.ones(len(y)) if weight is None else weight
    cuts, tp, fp = _ranked(told, y, weight)
    true = float(weight[y == 1].sum())
    if wanted:
        (name, floor), why = next(iter(wanted.items())), "params.yaml: train.threshold"
        return _at_floor(cuts, tp, fp, true, name, float(floor), why)
    if problem.get("costs"):
        costs = {"false_positive": 1.0, "false_negative": 1.0} | problem["costs"]
        total = costs["false_positive"] * fp + costs["false_negative"] * (true - tp)
        return _middle(cuts, int(total.argmin())), "least cost on out-of-fold answers (problem.costs)"
    for name in ("precision", "recall"):
        floor = str(problem.get("criteria", {}).get(name, "")).replace(">", "").replace("=", "").strip()
        if floor:
            return _at_floor(cuts, tp, fp, true, name, float(floor), f"problem.criteria.{name}")
    if problem["metric"] in ("f1", "balanced_accuracy"):
        false = float(weight.sum()) - true
        value = 2 * tp / (tp + fp + true) if problem["metric"] == "f1" else tp / true - fp / false
        return _middle(cuts, int(value.argmax())), f"best {problem['metric']} on out-of-fold answers"
    return 0.5, "the likelier class"


def _ranked(told: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct answers from the highest down, and the true and false positives of "at least this"; first: none is."""
    order = np.argsort(-told, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(told[order])), len(told) - 1)
    tp, fp = (np.cumsum(weight[order] * (y[order] == c))[ends] for c in (1, 0))
    return np.concatenate([[1.0], told[order][ends]]), np.concatenate([[0.0], tp]), np.concatenate([[0.0], fp])


def _at_floor(cuts: Any, tp: Any, fp: Any, true: float, name: str, floor: float, why: str) -> tuple[float, str]:
    """The threshold that keeps `name` at the floor and gives the most of the other one."""
    precision, recall = tp / np.maximum(tp + fp, 1e-12), tp / max(true, 1e-12)
    kept, other = (precision, recall) if name == "precision" else (recall, precision)
    if not (kept >= floor).any():
        return _middle(
            cuts, int(kept.argmax())
        ), f"{why}: {name} {floor:g} is out of reach, the nearest is {short(kept.max(), 3)}"
    return _middle(
        cuts, int(np.where(kept >= floor, other, -1).argmax())
    ), f"{why}: {name} at least {floor:g} out of fold"


def _middle(cuts: np.ndarray, i: int) -> float:
    """Half way to the next answer below, so that a rounding moves no row across."""
    below = cuts[i + 1] if i + 1 < len(cuts) else 0.0
    return round(float((cuts[i] + below) / 2), 6)
