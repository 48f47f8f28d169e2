"""Model: what `train` saves and everything else calls; from typed rows (see lifecycle.table.conform) to answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.model.fast_encode import FewRows
from lifecycle.model.fast_trees import FEW, quick
from lifecycle.table.contract import Contract

Frame: TypeAlias = pd.DataFrame | dict[str, np.ndarray]
AddFeatures: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]
ROWS_AT_ONCE = 20_000  # that are encoded together: a matrix may have hundreds of columns


class Model:
    """A weighted mean of fitted pipelines (encoder, estimator), calibrated. `columns`: {column of the contract: dtype
    kind}; `baseline`: class frequencies (k,) or the mean of the target, what one who sees no feature would predict;
    `threshold`: of a binary task, the probability from which `predict` says the positive class; `add_features`: the user's
    own function of a table (custom/features.py), or None; `conformal`: how sure an answer is (lifecycle.model.conformal);
    `background`: a few rows, by column, that an answer's reasons are held against (lifecycle.model.reasons)."""

    conformal: Any = None
    background: dict[str, np.ndarray] | None = None
    _few_rows: FewRows | None = None  # what encodes few rows faster, made on the first of them

    def __init__(
        self,
        task: str,
        classes: list[str],
        columns: dict[str, str],
        baseline: Any,
        n_rows: int,
        add_features: AddFeatures | None = None,
    ) -> None:
        self.task, self.classes, self.columns = task, classes, columns
        self.baseline, self.n_rows = baseline, n_rows
        self.add_features = add_features
        self.members: list[tuple[float, Any]] = []
        self.calibration: Any = None
        self.threshold = 0.5
        self._quick: dict[int, Any] = {}  # by member: what answers few rows faster, made on the first of them

    def rows(self, frame: Frame) -> Frame:
        """The feature columns of `frame`, a column it lacks as missing, and the user's own features.

        Arrays by column stay arrays where there are no such features: making a table of one row takes longer than
        answering it.
        """
        if isinstance(frame, dict):
            if self.add_features is None:
                return {column: frame[column] for column in self.columns}
            frame = _table(frame)
        given = {}
        for column, kind in self.columns.items():
            given[column] = frame[column] if column in frame else _blank(kind, frame.index)
        rows = pd.DataFrame(given, index=frame.index)
        return self.add_features(rows) if self.add_features else rows

    def predict_proba(self, frame: Frame) -> np.ndarray:
        """Probabilities, shape (n, k), columns in the order of `classes`; for a classification.

        `frame`: typed rows as `conform` makes them, or a dict of their arrays (texts as objects, NaN where missing).
        """
        return self._probabilities(self.matrices(self.rows(frame)), _length(frame))

    def predict(self, frame: Frame) -> np.ndarray:
        """Labels (str), of the likeliest class or by the threshold, or values (float) of a regression; shape (n,)."""
        return self.decide(self.predictions(frame))

    def predictions(self, frame: Frame) -> np.ndarray:
        """What metrics compare: probabilities (n, k) or values (n,). Of many rows one part is encoded at a time."""
        rows, n = self.rows(frame), _length(frame)
        if _length(rows) != n:  # in parts it would answer for other rows
            raise ValueError(f"add_features made {_length(rows)} rows of {n}; it may change columns only")
        if n <= ROWS_AT_ONCE:
            return self.predictions_of(self.matrices(rows), n)
        parts = []
        for start in range(0, n, ROWS_AT_ONCE):
            part = _some(rows, slice(start, start + ROWS_AT_ONCE))
            parts.append(self.predictions_of(self.matrices(part), _length(part)))
        return np.concatenate(parts)

    def baseline_predictions(self, n: int) -> np.ndarray:
        """The naive baseline's, for n rows, in the shape of `predictions`."""
        return np.full(n, self.baseline) if self.task == "regression" else np.tile(self.baseline, (n, 1))

    def decide(self, prediction: np.ndarray) -> np.ndarray:
        """What `predict` says where `predictions` are known already."""
        if self.task == "regression":
            return prediction
        code = prediction.argmax(axis=1)
        if self.task == "binary":
            code = (prediction[:, 1] >= self.threshold).astype(int)
        return np.array(self.classes, dtype=object)[code]

    def intervals(self, frame: Frame, prediction: np.ndarray) -> np.ndarray | None:
        """(n, 2), low and high, of a regression whose `predictions` these are; None where there are none."""
        if self.conformal is None or self.task != "regression":
            return None
        rows = self.rows(frame) if self.conformal.scale is not None else None
        return self.conformal(rows, prediction)

    def class_sets(self, prediction: np.ndarray) -> np.ndarray | None:
        """(n, k), which classes may be the right one, of a classification whose `predictions` these are; None as above."""
        if self.conformal is None or self.task == "regression":
            return None
        return self.conformal(prediction)

    def predictions_of(self, matrices: dict[int, np.ndarray], n: int) -> np.ndarray:
        """`predictions` of n rows that are encoded already, as `matrices` gives them."""
        return self._values(matrices, n) if self.task == "regression" else self._probabilities(matrices, n)

    def matrices(self, rows: Frame) -> dict[int, np.ndarray]:
        """What each encoder makes of the rows; members of one encoder share the matrix."""
        if isinstance(rows, dict) and 0 < _length(rows) <= FEW:
            if self._few_rows is None:
                self._few_rows = FewRows(self.encoders, rows)
            return self._few_rows(rows)
        return {id(encoder): encoder.transform(rows) for encoder in self.encoders}

    @property
    def encoders(self) -> list[Any]:
        return list({id(pipeline[0]): pipeline[0] for _, pipeline in self.members}.values())

    def _probabilities(self, matrices: dict[int, np.ndarray], n: int) -> np.ndarray:
        total = np.zeros((n, len(self.classes)))
        for weight, estimator, x in self._fitted_on(matrices):
            total[:, estimator.classes_] += weight * estimator.predict_proba(x)
        p = floor_probabilities(total, self.n_rows)
        return self.calibration(p) if self.calibration else p

    def _values(self, matrices: dict[int, np.ndarray], n: int) -> np.ndarray:
        total = np.zeros(n)
        for weight, estimator, x in self._fitted_on(matrices):
            total += weight * np.asarray(estimator.predict(x), dtype=float)
        return total

    def _fitted_on(self, matrices: dict[int, np.ndarray]) -> Iterator[tuple[float, Any, np.ndarray]]:
        """(weight, estimator, its matrix) of each member."""
        for i, (weight, pipeline) in enumerate(self.members):
            estimator = pipeline[-1]
            x = matrices[id(pipeline[0])]
            if 0 < len(x) <= FEW:
                if i not in self._quick:
                    self._quick[i] = quick(estimator, x)
                estimator = self._quick[i]
            yield weight, estimator, x

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_quick": {}}
        state.pop("_few_rows", None)
        return state


def _some(frame: Frame, rows: slice) -> Frame:
    if isinstance(frame, pd.DataFrame):
        return frame.iloc[rows]
    return {name: values[rows] for name, values in frame.items()}


def _length(frame: Frame) -> int:
    return len(next(iter(frame.values()))) if isinstance(frame, dict) else len(frame)


def _table(columns: dict[str, np.ndarray]) -> pd.DataFrame:
    series = {}
    for name, values in columns.items():
        series[name] = pd.Series(values, dtype="str" if values.dtype == object else None)
    return pd.DataFrame(series)


def floor_probabilities(p: np.ndarray, n_rows: int) -> np.ndarray:
    """No class is impossible: one that n rows never showed may still come, with about half a row's chance."""
    p = np.maximum(p, 0.5 / (n_rows + 1))
    return p / p.sum(axis=1, keepdims=True)


def encode_target(values: pd.Series, contract: Contract, where: str = "data") -> np.ndarray:
    """Integer codes in the contract's class order, or floats for a regression; shape (n,). Raises UserError, with the
    file `where`, on a class that the contract does not list."""
    problem = contract.problem
    if problem.task == "regression":
        return values.to_numpy(dtype=float)
    code = pd.Index(problem.classes).get_indexer(pd.Index(values.astype(str)))
    if (code < 0).any():
        strange = values[code < 0].iloc[0]
        raise UserError(
            f'{where} has class "{strange}" of "{problem.target}", which data/contract.yaml does not list; '
            "run `dvc repro`"
        )
    return code


def codes(model: Any, prediction: np.ndarray, classes: list[str]) -> np.ndarray:
    """The classes that the model decides on, as positions in `classes`, shape (n,); -1: one that is not among them."""
    return pd.Index(classes).get_indexer(pd.Index(np.asarray(model.decide(prediction)).astype(str)))


def sample_weight(frame: pd.DataFrame, contract: Contract, where: str = "data") -> np.ndarray | None:
    """The column of the role `weight`, shape (n,), or None where there is none. Raises UserError, with the file `where`."""
    field = contract.weight
    if field is None or field.name not in frame:
        return None
    weight = frame[field.name].to_numpy(dtype=float)
    bad = int((~(weight >= 0)).sum())
    if bad or not weight.sum() > 0:
        fact = f"{bad} rows without a weight of 0 or more" if bad else "no row with a weight above 0"
        raise UserError(
            f'{where}: the weight column "{field.name}" has {fact}; '
            "fill them, or give it another role under params.yaml: columns"
        )
    return weight


def _blank(kind: str, index: pd.Index) -> pd.Series:
    value, dtype = {"M": (pd.NaT, "datetime64[us]"), "O": (np.nan, "str")}.get(kind, (np.nan, "float64"))
    return pd.Series(value, index=index, dtype=dtype)
