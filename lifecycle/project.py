"""A project from a notebook: its data as the stages read them, its model as it answers in production.

from lifecycle import project
p = project.open()                 # the project that this notebook is in
p.model().predict(frame)           # the champion, else the newest bundle, by its own code
p.data("test"); p.errors()         # typed rows; test rows with what the model said, the worst first
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.ground.errors import UserError, nearest, need

# in a cell the last of fifty lines would name a package, and none what to type
need("joblib", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "yaml")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from lifecycle.ground.files import read_json, read_parquet  # noqa: E402
from lifecycle.table.contract import Contract, read_contract  # noqa: E402

if TYPE_CHECKING:
    from lifecycle.model.released import Released

PARTS = {name: f"data/{name}.parquet" for name in ("clean", "train", "test")}
BUNDLES = ("models/champion/bundle", "models/bundle")


def open(folder: str | Path = "") -> Project:
    """The project in `folder`, else the one that the working directory is in. Raises UserError where there is none."""
    start = Path(folder or Path.cwd()).resolve()
    for place in [start] if folder else [start, *start.parents]:
        if (place / "params.yaml").exists() and (place / "dvc.yaml").exists():
            return Project(place)
    raise UserError(f"{start} is not in a project: there is no params.yaml with a dvc.yaml beside it")


class Project:
    """`folder`; `contract`: what is predicted from which columns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Project({str(self.folder)!r})"

    @cached_property
    def contract(self) -> Contract:
        return read_contract(self._need("data/contract.yaml"))

    def data(self, part: str = "train") -> pd.DataFrame:
        """Typed rows: clean, train or test; `__source__` is the file and line of each."""
        if part not in PARTS:
            raise UserError(f"there is no data {part!r}{nearest(part, list(PARTS))}; there are {', '.join(PARTS)}")
        return read_parquet(self._need(PARTS[part]))

    def metrics(self) -> dict[str, Any]:
        """The newest candidate's, on test rows: {metric: {value, low, high, baseline}}."""
        found = read_json(self._need("reports/evaluation.json"))
        return dict((found[0] if isinstance(found, list) else found)["metrics"])

    def bundle(self) -> Path:
        """The champion's folder, else that of the newest candidate that passed the gate."""
        for place in BUNDLES:
            if (self.folder / place / "manifest.json").exists():
                return self.folder / place
        raise UserError(f"{self.folder} has no model yet; `dvc repro` makes one, where the gate lets it pass")

    def model(self) -> AskedModel:
        """What production would answer. It is a process of its own, which ends with the notebook."""
        from lifecycle.model.released import Released

        with self.here():
            return AskedModel(Released(self.bundle()))

    def errors(self) -> pd.DataFrame:
        """The test rows that the model's bundle keeps: y_true, y_pred, and the error, the worst first. Of a classification the
        error is the probability that the true class did not get, of a regression the difference."""
        from lifecycle.monitor.reference import read_reference

        reference = read_reference(self.bundle())
        y_true, prediction = reference.y_true, reference.prediction
        rows = reference.rows.drop(columns=[c for c in reference.rows if c.startswith(("__answer__", "__p_"))])
        out = rows.drop(columns=reference.contract.problem.target)
        if prediction.ndim == 1:
            told = {"y_true": y_true, "y_pred": prediction, "error": np.abs(y_true - prediction)}
        else:
            classes = np.array(reference.contract.problem.classes, dtype=object)
            own = prediction[np.arange(len(y_true)), y_true]
            y_pred = prediction.argmax(axis=1)
            if len(classes) == 2:
                y_pred = (prediction[:, 1] >= reference.threshold).astype(int)
            told = {"y_true": classes[y_true], "y_pred": classes[y_pred], "error": 1 - own}
        out = pd.concat([pd.DataFrame(told, index=out.index), out], axis=1)
        return out.sort_values("error", ascending=False, kind="stable", ignore_index=True)

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """The project's folder is the working directory: paths of the engine begin there."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.chdir(before)

    def _need(self, path: str) -> Path:
        if not (self.folder / path).exists():
            raise UserError(f"{self.folder / path} is missing; `dvc repro` makes it, `dvc pull` brings it")
        return self.folder / path


class AskedModel:
    """A released model, asked with typed rows or text; `classes`: of a classification."""

    def __init__(self, released: Released) -> None:
        self._released = released
        self.classes = released.classes

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        """Classes by the model's own threshold, or values."""
        return pd.Series(self._released.predict(sendable(rows)), index=rows.index, name="prediction")

    def predict_proba(self, rows: pd.DataFrame) -> pd.DataFrame:
        """A column a class; for a classification."""
        return pd.DataFrame(self._released.predict_proba(sendable(rows)), index=rows.index, columns=self.classes)

    def close(self) -> None:
        self._released.close()


def sendable(rows: pd.DataFrame) -> pd.DataFrame:
    """Typed rows as cells that JSON has: dates as text."""
    out = rows.copy()
    for name in out:
        if pd.api.types.is_datetime64_any_dtype(out[name].dtype):
            moments = out[name].map(lambda moment: moment.isoformat().removesuffix("T00:00:00"), na_action="ignore")
            out[name] = moments.astype(object)
    return out
