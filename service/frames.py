"""A verified bundle in this process, asked with data frames: for the wheel, for MLflow, and for anybody's own Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.table.conform import conform
from lifecycle.table.contract import MODEL
from service.bundle import Bundle, BundleError


class FrameModel:
    """`predict`, `predict_proba` of rows in a data frame, typed or as text, in the table's own columns; further ones are passed
    over. Raises BundleError where a file, a library or an answer is not as released."""

    def __init__(self, folder: str | Path, version: str = "") -> None:
        self.bundle = Bundle(folder, version)
        if faults := self.bundle.faults():
            raise BundleError(self.bundle.folder, faults)
        self.version = self.bundle.version
        self.classes: list[str] = list(self.bundle.contract.problem.classes)

    def predictions(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities (n, k) in the order of `classes`, or values (n,)."""
        if len(rows) == 0:
            return np.empty((0, len(self.classes))) if self.classes else np.empty(0)
        names = self.bundle.contract.names(MODEL)
        if lacking := [name for name in names if name not in rows]:
            raise ValueError(f"the rows have no column {lacking[0]!r}; the model needs {', '.join(names)}")
        cells = pd.DataFrame({name: as_cells(rows[name]) for name in names}, index=range(len(rows)), dtype=object)
        return self.bundle.model.predictions(conform(cells, self.bundle.contract, MODEL).frame)

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        """Classes (str) by the model's own threshold, or values, with the index of `rows`."""
        return pd.Series(self.bundle.model.decide(self.predictions(rows)), index=rows.index, name="prediction")

    def predict_proba(self, rows: pd.DataFrame) -> pd.DataFrame:
        """A column a class; for a classification."""
        if not self.classes:
            raise ValueError("this model predicts numbers, so that it has no probabilities")
        return pd.DataFrame(self.predictions(rows), index=rows.index, columns=self.classes)

    def table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`prediction`, and for a classification `probability CLASS` of each."""
        predictions = self.predictions(rows)
        out = pd.DataFrame({"prediction": self.bundle.model.decide(predictions)}, index=rows.index)
        for i, name in enumerate(self.classes):
            out[f"probability {name}"] = predictions[:, i]
        return out


def as_cells(values: pd.Series) -> list[Any]:
    """Cells as a client would send them: numbers, true and false, texts, ISO dates, None."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.map(lambda moment: moment.isoformat().removesuffix("T00:00:00"), na_action="ignore")
    cells = values.astype(object).tolist()
    missing = pd.isna(values).tolist()
    return [None if gone else plain(cell) for cell, gone in zip(cells, missing, strict=True)]


def plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell
