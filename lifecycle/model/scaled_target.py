"""ScaledTarget: a regressor fitted on the standardised target, or on its logarithm; predictions come back in the target's unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

MARGIN = 0.1  # of the span of the targets seen, past which no prediction goes


class ScaledTarget:
    """`log`: for a positive and skewed target. A prediction stays within the targets seen and a tenth of their span; below
    them, of a logarithm, a tenth of its span, which stays positive."""

    def __init__(self, estimator: Any, log: bool) -> None:
        self.estimator, self.log = estimator, log

    def fit(self, x: np.ndarray, y: np.ndarray, **more: Any) -> ScaledTarget:
        z = np.log(y) if self.log else y
        self.mean, self.scale = float(z.mean()), float(z.std()) or 1.0
        # a tenth of the logarithms' span may be half of the largest target
        most = y.max() + MARGIN * (y.max() - y.min())
        self.low = float(z.min() - MARGIN * (z.max() - z.min()))
        self.high = float(np.log(most) if self.log else most)
        if "y_val" in more:
            more["y_val"] = self._to(more["y_val"])
        self.estimator.fit(x, self._to(y), **more)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self._back(self.estimator.predict(x))

    def staged_predict(self, x: np.ndarray) -> Iterator[np.ndarray]:
        return (self._back(z) for z in self.estimator.staged_predict(x))

    def _to(self, y: np.ndarray) -> np.ndarray:
        return ((np.log(np.maximum(y, 1e-300)) if self.log else y) - self.mean) / self.scale

    def _back(self, z: np.ndarray) -> np.ndarray:
        z = np.clip(z * self.scale + self.mean, self.low, self.high)
        return np.exp(z) if self.log else z
