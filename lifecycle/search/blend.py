"""Greedy ensemble selection from a library of models (Caruana, Niculescu-Mizil, Crew, Ksikes 2004)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


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
