"""TrainingData: the rows as the candidates see them, with the user's own features, the target, weights and folds."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.metrics import metric
from lifecycle.ground.params import TrainParams
from lifecycle.model.encode import Column, SomeRows, added_kinds, as_arrays, field_kinds
from lifecycle.model.families import FAMILIES, Family
from lifecycle.model.model import AddFeatures, encode_target, floor_probabilities, sample_weight
from lifecycle.table.contract import MODEL, Contract
from lifecycle.table.folds import Parting

TRAIN = "data/train.parquet"
# positions of the rows (fitted on, scored on) of each
Folds: TypeAlias = Parting | list[tuple[np.ndarray, np.ndarray]]


@dataclass
class TrainingData:
    """`task`: binary, multiclass or regression; `rows`: the features by name; `columns`: {column of the contract: dtype kind};
    `y`: codes or floats; `weight` of each row; `folds`; `repeats`: other partings of the same rows (lifecycle.search.repeats)."""

    task: str
    classes: list[str]
    metric: str
    rows: dict[str, Column]
    columns: dict[str, str]
    kinds: dict[str, str]
    y: np.ndarray
    weight: np.ndarray | None
    random_state: int
    families: dict[str, Family] = field(default_factory=lambda: FAMILIES)
    folds: Folds = field(default_factory=list)
    repeats: list[Folds] = field(default_factory=list)

    @property
    def scored(self) -> np.ndarray:
        """Positions of the rows that some fold scores, in the order of the folds."""
        return np.concatenate([held for _, held in self.folds])

    def folds_of(self, repeat: int) -> Folds:
        """Of the first parting (0), or of one of those that repeat it."""
        return self.repeats[repeat - 1] if repeat else self.folds

    def in_order(self, repeat: int, parts: list[np.ndarray]) -> np.ndarray:
        """Predictions for the folds of that repeat, in the order of `scored`."""
        prediction = np.concatenate(parts)
        if not repeat:
            return prediction
        positions = np.concatenate([held for _, held in self.folds_of(repeat)])
        everywhere = np.zeros((len(self.y), *prediction.shape[1:]))
        everywhere[positions] = prediction
        return everywhere[self.scored]

    def some_rows(self, positions: np.ndarray) -> SomeRows:
        return SomeRows(self.rows, positions)

    def part(self, positions: np.ndarray) -> TrainingData:
        """These rows for themselves, in no folds."""
        rows = dict(self.some_rows(positions))
        return replace(self, rows=rows, y=self.y[positions], weight=self.weights(positions), folds=[], repeats=[])

    def weights(self, positions: np.ndarray) -> np.ndarray | None:
        return None if self.weight is None else self.weight[positions]

    def score(self, positions: np.ndarray, prediction: np.ndarray, name: str = "") -> float:
        return metric(name or self.metric).function(self.y[positions], prediction, self.weights(positions))

    def spread(self, oof: np.ndarray) -> tuple[float, float]:
        """The metric over all scored rows, and its standard deviation over the folds."""
        cuts = np.cumsum([len(held) for _, held in self.folds])[:-1]
        parts = [self.score(held, part) for (_, held), part in zip(self.folds, np.split(oof, cuts), strict=True)]
        return self.score(self.scored, oof), float(np.std(parts))

    def baseline(self) -> Any:
        """What one who sees no feature would predict: class frequencies (k,), or the mean."""
        if not self.classes:
            return float(np.average(self.y, weights=self.weight))
        counts = np.bincount(self.y, self.weight, minlength=len(self.classes))
        return floor_probabilities(counts[None, :] / counts.sum(), len(self.y))[0]


def prepare(
    frame: pd.DataFrame,
    contract: Contract,
    params: TrainParams,
    add_features: AddFeatures | None,
    families: dict[str, Family],
) -> TrainingData:
    """The training rows with the user's own features and their target; no folds yet. `families`: all that may be tried."""
    problem = contract.problem
    name = params.metric or problem.metric
    metric(name, problem.task)  # UserError where the task has no such metric
    columns = contract.names(MODEL)
    rows = frame[columns]  # a frame of its own: what add_features writes is in no other
    if add_features:
        rows = own_features(rows, add_features)
    if len(rows) != len(frame):
        raise UserError(
            f"custom/features.py: add_features made {len(rows)} rows of {len(frame)}; it may change columns only"
        )
    return TrainingData(
        task=problem.task,
        classes=list(problem.classes),
        metric=name,
        rows=as_arrays(rows),
        columns={column: frame[column].dtype.kind for column in columns},
        kinds=added_kinds(rows, field_kinds(contract.fields)),
        y=encode_target(frame[problem.target], contract),
        weight=sample_weight(frame, contract, TRAIN),
        random_state=params.random_state,
        families=families,
    )


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
