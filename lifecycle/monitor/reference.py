"""What live rows are held against: held-out rows of the release, their outcomes, and what the released model predicted for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_json, read_parquet
from lifecycle.ground.metrics import metric, score
from lifecycle.model.model import encode_target
from lifecycle.monitor.estimate import baseline_prediction
from lifecycle.table.contract import Contract, read_contract

VALUE = "__answer__"  # the column of a regression's predictions
PROBABILITY = "__p_"  # the beginning of the names of the columns of a classification's


@dataclass(frozen=True)
class Reference:
    """`rows`: held-out, typed; `prediction`: the model's for them, probabilities (n, k) or values (n,); `threshold`: of a
    binary one, from which on it says yes."""

    contract: Contract
    rows: pd.DataFrame
    prediction: np.ndarray
    threshold: float = 0.5

    @property
    def metric(self) -> str:
        return self.contract.problem.metric

    def outcomes(self, rows: pd.DataFrame) -> np.ndarray:
        """The target of these rows: class codes or values."""
        return encode_target(rows[self.contract.problem.target], self.contract)

    def judged(self, prediction: np.ndarray) -> np.ndarray:
        """What the metric judges: decisions, class codes (n,), where it judges decisions of two classes; else as it is."""
        decides = metric(self.metric).needs == "classes"
        binary = prediction.ndim == 2 and prediction.shape[1] == 2
        if decides and binary:
            return (prediction[:, 1] >= self.threshold).astype(int)
        return prediction

    @cached_property
    def y_true(self) -> np.ndarray:
        return self.outcomes(self.rows)

    @cached_property
    def weight(self) -> np.ndarray | None:
        """Of each row; None where the contract has no weight column."""
        return self.weights_of(self.rows)

    def weights_of(self, rows: pd.DataFrame) -> np.ndarray | None:
        """A live row without a weight of 0 or more counts as an average one does."""
        field = self.contract.weight
        if field is None or field.name not in self.rows:
            return None
        usual = self.rows[field.name].mean()
        given = np.full(len(rows), np.nan)
        if field.name in rows:
            given = rows[field.name].to_numpy(float)
        weight = np.where(given >= 0, given, usual) / usual
        return weight if weight.sum() > 0 else np.ones(len(rows))

    @cached_property
    def score(self) -> float:
        """The released model's."""
        return score(self.metric, self.y_true, self.judged(self.prediction), self.weight)

    @cached_property
    def baseline(self) -> float:
        """The naive baseline's score."""
        guess = baseline_prediction(self.y_true, self.prediction, self.weight)
        return score(self.metric, self.y_true, guess, self.weight)


def read_reference(folder: Path) -> Reference:
    """Of a bundle. Raises UserError where it was made without predictions."""
    rows = read_parquet(folder / "reference.parquet")
    names = [c for c in rows.columns if c == VALUE or c.startswith(PROBABILITY)]
    if not names:
        raise UserError(f"{folder}/reference.parquet has no predictions of the model; `dvc repro deploy` makes it anew")
    prediction = rows[names].to_numpy(float)
    if names == [VALUE]:
        prediction = prediction[:, 0]
    threshold = read_json(folder / "candidate.json").get("threshold", {}).get("value", 0.5)
    return Reference(read_contract(folder / "contract.yaml"), rows, prediction, threshold)
