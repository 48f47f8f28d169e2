"""Predictor: JSON rows in, answers and flags out, by the same `conform` and the same model as in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stages.lib.conform import conform
from stages.lib.model import Model

ROLES = ("feature", "time")


class Predictor:
    def __init__(self, model: Model, contract: dict[str, Any]) -> None:
        self.model, self.contract = model, contract

    def answers(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """Probabilities (n, k) or values (n,) for rows of JSON cells."""
        return self.model.answers(conform(pd.DataFrame(rows, dtype=object), self.contract, ROLES).frame)
