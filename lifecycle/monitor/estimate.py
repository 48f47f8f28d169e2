"""How good is the model in production? Measured where labels came, estimated where they did not.

The estimate takes the model at its word: calibrated probabilities say how often it is right, and rows on which it is
less sure lower the expected score (CBPE; NannyML's documentation). For a regression, errors of reference rows with a like
answer stand in. It sees rows that became harder. It cannot see that the world answers differently now: that takes labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lifecycle.ground.metrics import draws, metric

Array = np.ndarray
RESIDUALS = 20  # quantiles of the reference's errors that stand in for a row's unknown one
GROUPS = 10  # of reference rows by answer


class Score(NamedTuple):
    value: float
    low: float
    high: float
    error: float  # standard error


def measured(name: str, y: Array, answers: Array, n: int, confidence: float, seed: int) -> Score:
    """The score on rows whose outcome is known."""
    return _scored(name, y, answers, np.ones((len(y), 1)), n, confidence, seed)


def estimated(
    name: str,
    answers: Array,
    ref_y: Array,
    ref_answers: Array,
    n: int,
    confidence: float,
    seed: int,
    told: Callable[[Array], Array] = lambda answers: answers,
) -> Score:
    """The score to be expected on rows whose outcome is unknown; `told`: what the metric judges of the answers."""
    if answers.ndim == 1:
        y, weights = _regression(answers, ref_y, ref_answers)
    else:
        calibrated = _calibrated(answers, ref_y, ref_answers)
        y, weights = np.tile(np.arange(answers.shape[1]), (len(answers), 1)), calibrated
    return _scored(name, y, told(answers), weights, n, confidence, seed)


def _scored(name: str, y: Array, answers: Array, weights: Array, n: int, confidence: float, seed: int) -> Score:
    """Each row stands for `weights.shape[1]` possible outcomes y of it, with their chances; rows are resampled whole."""
    k = weights.shape[1]
    of = metric(name).prepared(np.asarray(y).reshape(-1), np.repeat(answers, k, axis=0))
    flat = weights.reshape(-1)
    value = float(of(flat[None, :])[0])
    values = np.concatenate([of(np.repeat(w, k, axis=1) * flat) for w in _draws(len(answers), k, n, seed)])
    known = values[np.isfinite(values)]
    if not np.isfinite(value) or len(known) < n / 2:
        return Score(value, np.nan, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Score(value, float(low), float(high), float(known.std()))


def _draws(rows: int, k: int, n: int, seed: int):
    """As metrics.draws, in slices that stay small when multiplied by k."""
    for chunk in draws(rows, n, seed):
        size = max(1, 2_000_000 // (rows * k))
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _calibrated(answers: Array, ref_y: Array, ref_answers: Array) -> Array:
    """Probabilities (n, k) that are right on the reference: beta calibration of each class (Kull et al. 2017)."""
    from sklearn.linear_model import LogisticRegression

    def sides(p: Array) -> Array:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return np.column_stack([np.log(p), -np.log(1 - p)])

    out = np.empty(answers.shape)
    for code in range(answers.shape[1]):
        hit = ref_y == code
        if not 5 <= hit.sum() <= len(hit) - 5:  # too few to bend a curve by
            out[:, code] = answers[:, code]
            continue
        curve = LogisticRegression(C=100.0, max_iter=1000).fit(sides(ref_answers[:, code]), hit)
        out[:, code] = curve.predict_proba(sides(answers[:, code]))[:, 1]
    return out / out.sum(axis=1, keepdims=True)


def _regression(answers: Array, ref_y: Array, ref_answers: Array) -> tuple[Array, Array]:
    """Possible outcomes (n, RESIDUALS) of each answer, all equally likely."""
    cuts = np.unique(np.quantile(ref_answers, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group, ref_group = np.searchsorted(cuts, answers), np.searchsorted(cuts, ref_answers)
    at = (np.arange(RESIDUALS) + 0.5) / RESIDUALS
    errors = ref_y - ref_answers
    table = np.array(
        [np.quantile(errors[here] if (here := ref_group == g).any() else errors, at) for g in range(len(cuts) + 1)]
    )
    return answers[:, None] + table[group], np.full((len(answers), RESIDUALS), 1 / RESIDUALS)


def lost(name: str, now: Score, was: Score, naive: float) -> tuple[float, float]:
    """(share of the gain over the naive baseline that is lost, p that it is chance), of two independent samples."""
    sign = 1 if metric(name).greater_is_better else -1
    fall, gain = sign * (was.value - now.value), sign * (was.value - naive)
    error = float(np.hypot(now.error, was.error))
    if not np.isfinite([fall, gain, error]).all():
        return float("nan"), 1.0
    from scipy.stats import norm

    p = float(norm.sf(fall / error)) if error > 0 else float(fall <= 0)
    return fall / max(gain, 1e-9), p


def naive_answers(ref_y: Array, ref_answers: Array) -> Array:
    """The answers of one who sees no feature, for the reference rows."""
    if ref_answers.ndim == 1:
        return np.full(len(ref_y), ref_y.mean())
    share = np.bincount(ref_y, minlength=ref_answers.shape[1]) / len(ref_y)
    return np.tile(share, (len(ref_y), 1))


def known_labels(values: Any, contract: dict[str, Any]) -> Array:
    """Mask of the rows whose label is one that the model knows, or a number."""
    if contract["problem"]["task"] == "regression":
        return values.notna().to_numpy()
    return values.isin(contract["problem"]["classes"]).to_numpy()
