"""Boosting on more rows than its matrix of numbers would leave room for: each cell is one byte, the number of its bin.

scikit-learn's histogram gradient boosting sorts each column into at most 255 bins before it grows a tree, and from then on looks
at the bins alone. Here the bins of one fit, on a sample, serve another: rows are encoded and binned a part at a time, and what
comes out is the same class with the same answers, so that neither the bundle nor the service needs anything new. A matrix of
numbers takes 8 bytes a cell, its bins 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecycle.model.scaled_target import ScaledTarget

NO_CHANGE = 20  # rounds without a gain on the rows beside, after which it stops


def boosted(estimator: Any) -> Any:
    """The histogram gradient boosting in `estimator`, or None where it is something else."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    inner = estimator.estimator if isinstance(estimator, ScaledTarget) else estimator
    if not isinstance(inner, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        return None
    return None if getattr(inner, "categorical_features", None) not in (None, "from_dtype") else inner


class OnBins:
    """Before scikit-learn's own class: X is the bins already (uint8), by `given_mapper`. Both methods are scikit-learn's own
    (1.7 to 1.9); a test holds that a fit on bins is the fit on the numbers."""

    given_mapper: Any
    n_features_in_: int

    def _preprocess_X(self, X: np.ndarray, *, reset: bool) -> Any:
        if not reset:
            return X
        self.n_features_in_ = X.shape[1]
        self.is_categorical_ = self._is_categorical_remapped = self._preprocessor = None
        return X, None

    def _bin_data(self, X: np.ndarray, *_: Any, **__: Any) -> np.ndarray:
        self._bin_mapper = self.given_mapper  # fit has made a new one, which knows no column
        return X


def fit_on_bins(estimator: Any, mapper: Any, bins: np.ndarray, y: np.ndarray, **more: Any) -> Any:
    """`estimator`, fitted on these bins (n, columns), uint8 in Fortran's order; `more`: as its `fit` takes it, X_val as bins in
    C's order."""
    inner = boosted(estimator)
    plain = type(inner)
    inner.__class__ = type(plain.__name__, (OnBins, plain), {})
    inner.given_mapper = mapper
    try:
        estimator.fit(bins, y, **more)
    finally:
        inner.__class__ = plain
        del inner.given_mapper
    if inner.do_early_stopping_:
        # the first score is of no round at all
        best = int(np.argmax(inner.validation_score_[1:])) + 1
        inner._predictors = inner._predictors[:best]
    return estimator


def bins_of(mapper: Any, x: np.ndarray) -> np.ndarray:
    """The bins of encoded rows, uint8."""
    return mapper.transform(x)
