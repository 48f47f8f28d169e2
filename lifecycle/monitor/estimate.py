"""How good is the model in production? Measured where labels came, estimated where they did not.

The estimate takes the model at its word: calibrated probabilities say how often it is right, and rows on which it is
less sure lower the expected score (CBPE; NannyML's documentation). For a regression, errors of reference rows with a like
prediction stand in. It sees rows that became harder. It cannot see that the world answers differently now: that takes labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import Draw, draws, metric
from lifecycle.table.contract import Contract

Array = np.ndarray
RESIDUALS = 20  # quantiles of the reference's errors that stand in for a row's unknown one
GROUPS = 10  # of reference rows by prediction


class Score(NamedTuple):
    value: float
    low: float
    high: float
    error: float  # standard error


class Known(NamedTuple):
    """Rows whose outcome is known: class codes or values, and the predictions for them, (n, k) or (n,)."""

    y_true: Array
    prediction: Array


def measured(name: str, y_true: Array, y_pred: Array, draw: Draw, weight: Array | None = None) -> Score:
    """The score on rows whose outcome is known; `weight` (n,) of each."""
    return _scored(name, y_true, y_pred, _weighed(np.ones((len(y_true), 1)), weight), draw)


def estimated(
    name: str,
    prediction: Array,
    reference: Known,
    draw: Draw,
    judged: Callable[[Array], Array] = lambda prediction: prediction,
    weight: Array | None = None,
) -> Score:
    """The score to be expected on rows whose outcome is unknown; `judged`: what the metric judges of predictions; `weight` (n,)
    of each row."""
    if prediction.ndim == 1:
        y_true, chances = _possible_values(prediction, reference)
    else:
        chances = _calibrated(prediction, reference)
        y_true = np.tile(np.arange(prediction.shape[1]), (len(prediction), 1))
    return _scored(name, y_true, judged(prediction), _weighed(chances, weight), draw)


def _weighed(chances: Array, weight: Array | None) -> Array:
    return chances if weight is None else chances * weight[:, None]


def _scored(name: str, y_true: Array, y_pred: Array, weights: Array, draw: Draw) -> Score:
    """Each row stands for `weights.shape[1]` possible outcomes of it, by their chances; rows are resampled whole."""
    k = weights.shape[1]
    of = metric(name).prepared(np.asarray(y_true).reshape(-1), np.repeat(y_pred, k, axis=0))
    flat = weights.reshape(-1)
    value = float(of(flat[None, :])[0])
    resampled = [of(np.repeat(counts, k, axis=1) * flat) for counts in _small_draws(len(y_pred), k, draw)]
    values = np.concatenate(resampled)
    known = values[np.isfinite(values)]
    if not np.isfinite(value) or len(known) < draw.n_bootstrap / 2:
        return Score(value, np.nan, np.nan, np.nan)
    low, high = np.quantile(known, draw.ends)
    return Score(value, float(low), float(high), float(known.std()))


def _small_draws(rows: int, k: int, draw: Draw) -> Iterator[Array]:
    """As metrics.draws, in slices that stay small when multiplied by k."""
    for chunk in draws(rows, draw):
        size = max(1, 2_000_000 // (rows * k))
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _calibrated(prediction: Array, reference: Known) -> Array:
    """Probabilities (n, k) that are right on the reference: beta calibration of each class (Kull et al. 2017)."""
    from sklearn.linear_model import LogisticRegression

    def sides(p: Array) -> Array:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return np.column_stack([np.log(p), -np.log(1 - p)])

    out = np.empty(prediction.shape)
    for code in range(prediction.shape[1]):
        hit = reference.y_true == code
        if not 5 <= hit.sum() <= len(hit) - 5:  # too few to bend a curve by
            out[:, code] = prediction[:, code]
            continue
        curve = LogisticRegression(C=100.0, max_iter=1000).fit(sides(reference.prediction[:, code]), hit)
        out[:, code] = curve.predict_proba(sides(prediction[:, code]))[:, 1]
    return out / out.sum(axis=1, keepdims=True)


def _possible_values(prediction: Array, reference: Known) -> tuple[Array, Array]:
    """Possible outcomes (n, RESIDUALS) of each predicted value, and their chances, which are all the same."""
    cuts = np.unique(np.quantile(reference.prediction, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group = np.searchsorted(cuts, prediction)
    reference_group = np.searchsorted(cuts, reference.prediction)
    errors = reference.y_true - reference.prediction
    at = (np.arange(RESIDUALS) + 0.5) / RESIDUALS
    table = np.empty((len(cuts) + 1, RESIDUALS))
    for g in range(len(table)):
        here = reference_group == g
        table[g] = np.quantile(errors[here] if here.any() else errors, at)
    return prediction[:, None] + table[group], np.full((len(prediction), RESIDUALS), 1 / RESIDUALS)


def lost(name: str, now: Score, before: Score, baseline: float) -> tuple[float, float]:
    """(share of the gain over the naive baseline that is lost, p that it is chance), of two independent samples."""
    sign = 1 if metric(name).greater_is_better else -1
    fall = sign * (before.value - now.value)
    gain = sign * (before.value - baseline)
    error = float(np.hypot(now.error, before.error))
    if not np.isfinite([fall, gain, error]).all():
        return float("nan"), 1.0
    from scipy.stats import norm

    p = float(norm.sf(fall / error)) if error > 0 else float(fall <= 0)
    return fall / max(gain, 1e-9), p


def baseline_prediction(y_true: Array, prediction: Array, weight: Array | None = None) -> Array:
    """What one who sees no feature would predict for these rows, in the shape of `prediction`."""
    if prediction.ndim == 1:
        return np.full(len(y_true), np.average(y_true, weights=weight))
    counts = np.bincount(y_true, weights=weight, minlength=prediction.shape[1])
    share = counts / counts.sum()
    return np.tile(share, (len(y_true), 1))


def known_labels(values: pd.Series, contract: Contract) -> Array:
    """Mask of the rows whose label is one that the model knows, or a number."""
    if contract.problem.task == "regression":
        return values.notna().to_numpy()
    return values.isin(contract.problem.classes).to_numpy()
