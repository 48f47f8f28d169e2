"""Predictor: JSON rows in; typed columns, flags and answers out, as `conform` and the model's training would have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecycle.model.conformal import in_words
from lifecycle.model.model import Model
from lifecycle.table.contract import Contract
from lifecycle.table.row_reader import Flag, RowReader, Typed

__all__ = ["Flag", "Predictor", "Typed", "certainty"]


class Predictor(RowReader):
    """Answers rows of JSON cells (as `service.schema` lets through)."""

    def __init__(self, model: Model, contract: Contract) -> None:
        super().__init__(contract)
        self.model = model

    def answers(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """Probabilities (n, k) or values (n,)."""
        return self.model.predictions(self.typed(rows).columns)


def certainty(model: Any, rows: Any, answers: np.ndarray) -> list[list[Any]] | None:
    """Of each answer [low, high], or the classes that may be the right one; None where the model does not say."""
    intervals, sets = model.intervals(rows, answers), model.class_sets(answers)
    if intervals is not None:
        return intervals.tolist()
    if sets is not None:
        return [in_words(row, model.classes) for row in sets.tolist()]
    return None
