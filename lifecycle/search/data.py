"""Task: the training rows as the candidates see them, with the user's own features, the target, weights and folds."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import metric
from lifecycle.model.encode import added_kinds, as_arrays, field_kinds
from lifecycle.model.families import FAMILIES, Family
from lifecycle.model.model import AddFeatures, encode_target, floor_probabilities, sample_weight
from lifecycle.table.contract import MODEL, Contract

TRAIN = "data/train.parquet"


@dataclass
class Task:
    """The training rows as the candidates see them: `rows` feature arrays by name, `y` codes or floats, `weight` of
    each row, `folds` positions (fitted on, scored on)."""

    name: str
    classes: list[str]
    metric: str
    rows: dict[str, np.ndarray]
    kinds: dict[str, str]
    y: np.ndarray
    weight: np.ndarray | None
    folds: list[tuple[np.ndarray, np.ndarray]]
    seed: int
    families: dict[str, Family] = field(default_factory=lambda: FAMILIES)

    @property
    def scored(self) -> np.ndarray:
        """Positions of the rows that some fold scores, in the order of the folds."""
        return np.concatenate([held for _, held in self.folds])

    def weights(self, positions: np.ndarray) -> np.ndarray | None:
        return None if self.weight is None else self.weight[positions]

    def score(self, positions: np.ndarray, answers: np.ndarray, name: str = "") -> float:
        return metric(name or self.metric).function(self.y[positions], answers, self.weights(positions))

    def spread(self, oof: np.ndarray) -> tuple[float, float]:
        """The metric over all scored rows, and its standard deviation over the folds."""
        cuts = np.cumsum([len(held) for _, held in self.folds])[:-1]
        parts = [self.score(held, part) for (_, held), part in zip(self.folds, np.split(oof, cuts), strict=True)]
        return self.score(self.scored, oof), float(np.std(parts))

    def naive(self, positions: np.ndarray) -> Any:
        """The answer of one who sees no feature: class frequencies (k,), or the mean."""
        y, weight = self.y[positions], self.weights(positions)
        if not self.classes:
            return float(np.average(y, weights=weight))
        counts = np.bincount(y, weight, minlength=len(self.classes))
        return floor_probabilities(counts[None, :] / counts.sum(), len(y))[0]


def prepare(
    frame: pd.DataFrame,
    contract: Contract,
    params: dict[str, Any],
    add_features: AddFeatures | None,
    families: dict[str, Family],
) -> Task:
    """The training rows with the user's own features and their target; no folds yet. `families`: all that may be tried."""
    problem = contract.problem
    name = params["metric"] or problem.metric
    metric(name, problem.task)
    columns = feature_names(contract)
    rows = frame[columns].copy()
    if add_features:
        rows = own_features(rows, add_features)
    if len(rows) != len(frame):
        raise UserError(
            f"custom/features.py: add_features made {len(rows)} rows of {len(frame)}; it may change columns only"
        )
    kinds = added_kinds(rows, field_kinds(contract.fields))
    y, weight = encode_target(frame[problem.target], contract), sample_weight(frame, contract, TRAIN)
    rows_of, random_state = as_arrays(rows), params["random_state"]
    return Task(problem.task, list(problem.classes), name, rows_of, kinds, y, weight, [], random_state, families)


def own_features(rows: pd.DataFrame, add_features: AddFeatures) -> pd.DataFrame:
    """`add_features` of these rows; its errors as one line."""
    try:
        return add_features(rows)
    except Exception as error:  # the user's own code may raise anything
        line = traceback.extract_tb(error.__traceback__)[1].lineno
        raise UserError(
            f"custom/features.py:{line}: add_features fails ({type(error).__name__}: {error}); "
            f"the columns are {', '.join(rows.columns)}"
        ) from error


def feature_names(contract: Contract) -> list[str]:
    return contract.names(MODEL)
