"""The model families that `train` chooses among. To add one: a function below, its line in CANDIDATES, and a block of
its hyper-parameters under `train.candidates` in params.yaml (the block goes straight into the constructor).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from stages.lib.encode import TableEncoder
from stages.lib.errors import UserError, nearest


class Candidate(NamedTuple):
    """`style`: how the encoder prepares the rows. `make(y, hyper_parameters, random_state)`: an unfitted estimator;
    y is integer codes for a classification and floats for a regression."""

    style: str
    make: Callable[[np.ndarray, dict[str, Any], int], Any]


def linear(y: np.ndarray, hyper: dict[str, Any], random_state: int) -> Any:
    """Logistic regression (C) or ridge regression (alpha), the latter on log y where y is positive and skewed."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    if y.dtype.kind != "f":
        return LogisticRegression(C=hyper["C"], max_iter=1000)
    ridge = Ridge(alpha=hyper["alpha"], random_state=random_state)
    if y.min() > 0 and np.mean(y) > 1.2 * np.median(y):
        return TransformedTargetRegressor(ridge, func=np.log, inverse_func=np.exp)
    return ridge


def extra_trees(y: np.ndarray, hyper: dict[str, Any], random_state: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    family = ExtraTreesRegressor if y.dtype.kind == "f" else ExtraTreesClassifier
    return family(n_jobs=-1, random_state=random_state, **hyper)


def hist_gradient_boosting(y: np.ndarray, hyper: dict[str, Any], random_state: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    family = HistGradientBoostingRegressor if y.dtype.kind == "f" else HistGradientBoostingClassifier
    hyper = dict(hyper)
    if y.dtype.kind != "f" and hyper.get("early_stopping"):
        counts = np.unique(y, return_counts=True)[1]
        # its stratified validation rows need two rows of each class and room for one of each
        if counts.min() < 2 or len(counts) > hyper.get("validation_fraction", 0.1) * len(y):
            hyper |= {"early_stopping": False, "max_iter": min(60, hyper.get("max_iter", 100))}
    return family(random_state=random_state, **hyper)


CANDIDATES = {
    "linear": Candidate("linear", linear),
    "extra_trees": Candidate("tree", extra_trees),
    "hist_gradient_boosting": Candidate("tree", hist_gradient_boosting),
}


def check_candidates(blocks: dict[str, Any]) -> None:
    """UserError where params.yaml names a candidate that is not in CANDIDATES."""
    for name in blocks:
        if name not in CANDIDATES:
            near = nearest(name, list(CANDIDATES)) or f"; there are {', '.join(CANDIDATES)}"
            raise UserError(f"params.yaml: train.candidates has {name!r}, which stages/lib/candidates.py does not{near}")
    if not blocks:
        raise UserError(f"params.yaml: train.candidates is empty; name one or more of {', '.join(CANDIDATES)}")


def build(name: str, kinds: dict[str, str], y: np.ndarray, hyper: dict[str, Any], random_state: int) -> Pipeline:
    """The unfitted pipeline of one candidate: encoder, then estimator."""
    candidate = CANDIDATES[name]
    try:
        estimator = candidate.make(y, hyper or {}, random_state)
    except (TypeError, KeyError) as error:
        raise UserError(f"params.yaml: train.candidates.{name} does not fit its estimator ({error}); see its documentation") from error
    return Pipeline([("encode", TableEncoder(kinds, candidate.style, random_state)), ("fit", estimator)])
