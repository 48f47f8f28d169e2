"""Greedy ensemble selection from a library of models (Caruana, Niculescu-Mizil, Crew, Ksikes 2004); on few rows bagged, as
they propose there, over draws of the rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

DRAWS = 10
STEPS = 20  # of each draw
LEAST = 0.03  # a smaller mean weight is noise, and a member costs time and size
SURE = 0.85  # share of the draws in which a single member must beat the blend to be taken in its stead
EVEN = 0.3  # of the weights of up to 1000 rows that is parted evenly among the members; of more rows less, as they say more


def greedy_weights(
    predictions: list[np.ndarray],
    loss: Callable[[np.ndarray], float],
    fits: Callable[[set[int]], bool],
    steps: int = 40,
) -> np.ndarray:
    """Weights (m,) that sum to 1: at each step the model is added, with replacement, whose mean with those already in
    has the least loss; the best step counts. Ties go to the first. `fits`: whether these models together are small enough."""
    counts, total = np.zeros(len(predictions)), np.zeros_like(predictions[0])
    best_loss, best_counts = np.inf, counts
    for step in range(1, steps + 1):
        chosen = set(np.flatnonzero(counts).tolist())
        losses = [loss((total + a) / step) if fits(chosen | {i}) else np.inf for i, a in enumerate(predictions)]
        i = int(np.nanargmin(losses))
        counts[i] += 1
        total = total + predictions[i]
        if step == 1 or losses[i] < best_loss - 1e-12:
            best_loss, best_counts = losses[i], counts.copy()
    return best_counts / best_counts.sum()


def bagged_weights(
    predictions: list[list[np.ndarray]],
    loss: Callable[[np.ndarray, np.ndarray], float],
    fits: Callable[[set[int]], bool],
    draws: list[np.ndarray],
) -> np.ndarray | None:
    """Weights (m,) that sum to 1: the mean of those that each of the `draws`, positions of rows, would give alone, drawn towards
    the plain mean of the members. On few rows the greedy choice fits the rows' noise, and this less of it. `predictions` of the m
    members, for each draw its own; `loss` of a prediction for those rows. None where no draw has a loss, or what they name is not
    small enough together."""
    found = []
    for each, rows in zip(predictions, draws, strict=True):
        some = [prediction[rows] for prediction in each]
        if not np.isnan([loss(one, rows) for one in some]).all():
            found.append(greedy_weights(some, lambda p, rows=rows: loss(p, rows), fits, STEPS))  # type: ignore[misc]
    if not found:
        return None
    mean = np.mean(found, axis=0)
    weights = np.where(mean < LEAST, 0.0, mean)
    chosen = weights > 0
    if not chosen.any() or not fits(set(np.flatnonzero(chosen).tolist())):
        return None
    even = EVEN * min(1.0, 1000 / len(draws[0]))
    return (1 - even) * weights / weights.sum() + even * chosen / chosen.sum()


def clearly_better(
    one: list[np.ndarray],
    other: list[np.ndarray],
    loss: Callable[[np.ndarray, np.ndarray], float],
    draws: list[np.ndarray],
) -> bool:
    """Whether the first has less loss than the other in nearly all of the draws, by a prediction of each for each draw. On few
    rows one of ten candidates is the best by chance: that it is so over all rows says little."""
    wins = [loss(a[rows], rows) < loss(b[rows], rows) for a, b, rows in zip(one, other, draws, strict=True)]
    return bool(np.mean(wins) >= SURE)


def drawn_rows(y: np.ndarray, random_state: int) -> list[np.ndarray]:
    """DRAWS times as many rows as there are, with replacement; of a classification within each class, so that a rare one is
    in each draw with as many."""
    rng = np.random.default_rng(random_state)
    groups = [np.arange(len(y))]
    if y.dtype.kind in "iu":
        groups = [np.flatnonzero(y == code) for code in np.unique(y)]
    return [np.concatenate([rng.choice(group, len(group)) for group in groups]) for _ in range(DRAWS)]
