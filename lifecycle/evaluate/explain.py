"""What a model uses and where it errs: importance, partial dependence, worst rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import METRICS, draws, interval
from lifecycle.ground.params import EvaluateParams
from lifecycle.model.model import Model
from lifecycle.model.reasons import BACKGROUND, PAIRS, Reasons, arrays_of, listed
from lifecycle.model.reasons import explain as shapley
from lifecycle.table.contract import Contract, Field
from lifecycle.table.read import SOURCE

Array = np.ndarray
Predict = Callable[
    [pd.DataFrame], Array
]  # (n, k) probabilities, n values, or n class codes where a metric judges these
REASONS_SHOWN = 4  # of each of the worst rows
BEESWARM_COLUMNS = 12
FEW_COLUMNS, TOGETHER = 100, 10_000  # more columns are shuffled several at a time, in so many rows at once
ROW_PREDICTIONS = 400_000  # what importance may ask of the model, in rows; wide tables get fewer repeats and rows


# ---- importance ---------------------------------------------------------------------------------------------------


def permutation_importance(
    judged: Predict,
    frame: pd.DataFrame,
    columns: list[str],
    metric: str,
    y_true: Array,
    weight: Array | None,
    params: EvaluateParams,
    progress: Callable[[list[str]], Iterable[str]],
) -> list[dict[str, Any]]:
    """How much worse the score gets when one column is shuffled among the rows (Breiman 2001), the largest first.

    The mean over `importance_repeats` shuffles; its interval is that of the mean over resampled rows. Two columns that
    say the same hide each other: each alone can then be shuffled without much loss.
    """
    rng = np.random.default_rng(params.random_state)
    rows, repeats = affordable(len(frame), len(columns), params)
    some = np.sort(rng.choice(len(frame), rows, replace=False))
    frame = frame.iloc[some].reset_index(drop=True)
    y_true = y_true[some]
    weights = np.concatenate([np.ones((1, rows)), *draws(rows, params.draw)])
    if weight is not None:
        weights *= weight[some]

    def scores(y_pred: Array) -> Array:
        return METRICS[metric].prepared(y_true, y_pred)(weights)

    sign = 1 if METRICS[metric].greater_is_better else -1
    whole = scores(judged(frame))
    repeated = pd.concat([frame] * repeats, ignore_index=True)

    def shuffled(column: str) -> pd.Series:
        order = np.concatenate([rng.permutation(rows) for _ in range(repeats)])
        return frame[column].iloc[order].reset_index(drop=True)

    found = []
    together = 1 if len(columns) <= FEW_COLUMNS else max(1, TOGETHER // (rows * repeats))
    for group in grouped(progress(columns), together):
        shuffles = {column: shuffled(column) for column in group}
        moved = [column for column in group if not shuffles[column].equals(repeated[column])]
        answers = judged(stacked(repeated, {column: shuffles[column] for column in moved})) if moved else np.empty(0)
        for column, answer in zip(moved, np.split(answers, max(len(moved), 1)), strict=False):
            parts = [scores(part) for part in np.split(answer, repeats)]
            loss = sign * (whole - np.mean(parts, axis=0))
            low, high = interval(loss[1:], params.draw)
            found.append({"column": column, "importance": float(loss[0]), "low": low, "high": high})
        still = [column for column in group if column not in moved]  # a constant here: nothing to shuffle
        found += [{"column": column, "importance": 0.0, "low": 0.0, "high": 0.0} for column in still]
    return sorted(found, key=lambda row: -np.nan_to_num(row["importance"], nan=-np.inf))


def grouped(columns: Iterable[str], size: int) -> Iterable[list[str]]:
    columns = iter(columns)
    while group := list(islice(columns, size)):
        yield group


def stacked(frame: pd.DataFrame, columns: dict[str, pd.Series]) -> pd.DataFrame:
    """`frame` once for each of `columns`, which replaces its own there: asked together, since most of what a call costs on a
    wide table is a column's, whatever its rows."""
    whole = pd.concat([frame] * len(columns), ignore_index=True)
    for place, (name, values) in enumerate(columns.items()):
        whole[name] = pd.concat([values if k == place else frame[name] for k in range(len(columns))], ignore_index=True)
    return whole


def affordable(n_rows: int, n_columns: int, params: EvaluateParams) -> tuple[int, int]:
    """(rows, repeats) within ROW_PREDICTIONS: fewer repeats first, then fewer rows, but at least 200."""
    asked = max(n_columns, 1)
    rows = min(n_rows, params.importance_rows)
    repeats = int(np.clip(ROW_PREDICTIONS // (rows * asked), 1, params.importance_repeats))
    return min(rows, max(200, ROW_PREDICTIONS // (repeats * asked))), repeats


# ---- partial dependence -------------------------------------------------------------------------------------------


def partial_dependence(
    predict: Predict, frame: pd.DataFrame, fields: list[Field], classes: list[str], params: EvaluateParams
) -> list[dict[str, Any]]:
    """The mean prediction over rows when one column is set to each value of a grid (Friedman 2001).

    Binary: the positive class's probability; more classes: of the six most probable ones; regression: the value.
    """
    rng = np.random.default_rng(params.random_state)
    some = np.sort(rng.choice(len(frame), min(len(frame), params.importance_rows // 4), replace=False))
    frame = frame.iloc[some].reset_index(drop=True)
    found: list[dict[str, Any]] = []
    for field in fields:
        values = grid(frame[field.name], field)
        if field.type == "text" or len(values) < 2:
            continue
        if len(found) == params.partial_dependence:
            break
        means = mean_predictions(predict, frame, field.name, values)
        lines = [{"class": label, "mean": mean.tolist()} for label, mean in lines_of(means, classes)]
        shown = [plain(value, field.type) for value in values]
        found.append({"column": field.name, "type": field.type, "values": shown, "lines": lines})
    return found


def grid(column: pd.Series, field: Field) -> list[Any]:
    """Values to try: up to twelve quantiles of a number or time, the eight most frequent of anything else."""
    known = column.dropna()
    ordered = field.is_number or field.is_date
    if ordered and known.nunique() > 8:
        # the outer twentieths are thin: what the model says there rests on few rows
        return sorted(known.quantile(np.linspace(0.05, 0.95, 12), interpolation="nearest").unique())
    common = known.value_counts().index[:8].tolist()
    return sorted(common) if ordered or field.type == "boolean" else common


def mean_predictions(predict: Predict, frame: pd.DataFrame, column: str, values: list[Any]) -> Array:
    """(values, classes or 1): the mean over the rows for each value."""
    tried = pd.concat([frame] * len(values), ignore_index=True)
    # through take: the column keeps its type
    typed = pd.Series(values, dtype=frame[column].dtype)
    tried[column] = typed.take(np.repeat(np.arange(len(values)), len(frame))).reset_index(drop=True)
    return predict(tried).reshape(len(values), len(frame), -1).mean(axis=1)


def lines_of(means: Array, classes: list[str]) -> list[tuple[str, Array]]:
    """(class, its means) of the classes that are drawn."""
    if not classes:
        return [("", means[:, 0])]
    if len(classes) == 2:
        return [(classes[1], means[:, 1])]
    likeliest = np.argsort(-means.mean(axis=0), kind="stable")[:6]
    return [(classes[code], means[:, code]) for code in likeliest]


# ---- worst errors -------------------------------------------------------------------------------------------------


class Errs(Protocol):
    """Outcomes and predictions of the same rows; see lifecycle.evaluate.evaluation.Predicted."""

    @property
    def y_true(self) -> Array: ...
    @property
    def prediction(self) -> Array: ...
    @property
    def decided(self) -> Array: ...


def worst(
    frame: pd.DataFrame, fields: list[Field], classes: list[str], scored: Errs, n: int
) -> list[tuple[int, dict[str, Any]]]:
    """The n rows that the model is most wrong about, worst first, by their place, each with its source line and the cells of `fields`.

    What counts are the classes decided, which need not be the most probable ones.
    """
    y_true, prediction, decided = scored.y_true, scored.prediction, scored.decided
    if classes:
        chance = prediction[np.arange(len(y_true)), y_true]
        size = np.where(decided != y_true, 1 - chance, -1)
    else:
        size = np.abs(y_true - prediction)
    source = frame[SOURCE].to_numpy(dtype=str)
    found = []
    for i in np.lexsort((source, -size))[:n]:
        if size[i] <= 0:  # from here on they are right
            break
        if classes:
            row = {"actual": classes[y_true[i]], "predicted": classes[decided[i]], "probability": float(chance[i])}
        else:
            error = float(prediction[i] - y_true[i])
            row = {"actual": float(y_true[i]), "predicted": float(prediction[i]), "error": error}
        cells = {field.name: plain(frame[field.name].iat[i], field.type) for field in fields}
        found.append((int(i), {"source": source[i], **row, "cells": cells}))
    return found


# ---- reasons ------------------------------------------------------------------------------------------------------


class Explained(NamedTuple):
    """`worst`: the reasons of each of the worst rows; `summary`: by column, the largest first; `points`: of the rows summed up, each
    one's amount and where its cell lies among the others', from 0 to 1, NaN where it is no number."""

    worst: list[list[dict[str, Any]]]
    summary: dict[str, Any] | None
    points: pd.DataFrame


def reasons(
    model: Model,
    contract: Contract,
    frame: pd.DataFrame,
    places: list[int],
    columns: list[str],
    params: EvaluateParams,
) -> Explained:
    """Shapley values of the rows at `places`, and of others, evenly among all; nothing of a model without a background."""
    if model.background is None:
        return Explained([[] for _ in places], None, pd.DataFrame(columns=["column", "amount", "rank"]))
    # each row asks the model for its hybrids: fewer rows of a wide table
    most = max(10, ROW_PREDICTIONS // (2 * PAIRS * BACKGROUND * max(len(model.columns), 1)))
    n = min(len(frame), params.reasons_rows, most)
    some = np.unique(np.linspace(0, len(frame) - 1, n).astype(int))
    rows = frame.iloc[np.concatenate([some, np.array(places, dtype=int)])].reset_index(drop=True)
    found = shapley(model, rows, params.random_state)
    cells = arrays_of(rows, model)
    of_worst = [listed(found, len(some) + i, cells, contract, REASONS_SHOWN) for i in range(len(places))]
    amounts, errors = found.amounts[: len(some)], found.errors[: len(some)]
    size = np.abs(amounts).mean(axis=0)
    summary = [
        {"column": found.columns[j], "size": float(size[j]), "error": float(np.sqrt((errors[:, j] ** 2).mean()))}
        for j in np.argsort(-size, kind="stable").tolist()
        if size[j] > 0
    ]
    drawn = [points_of(one["column"], found, rows.iloc[: len(some)]) for one in summary[:BEESWARM_COLUMNS]]
    points = pd.concat(drawn, ignore_index=True) if drawn else pd.DataFrame(columns=["column", "amount", "rank"])
    return Explained(of_worst, {"rows": len(some), "columns": summary}, points)


def points_of(column: str, found: Reasons, rows: pd.DataFrame) -> pd.DataFrame:
    amount = found.amounts[: len(rows), found.columns.index(column)]
    values = rows[column]
    rank = pd.Series(np.nan, index=rows.index)
    if values.dtype.kind in "fiubM" and values.nunique() > 1:
        rank = (values.rank() - 1) / max(values.notna().sum() - 1, 1)
    return pd.DataFrame({"column": column, "amount": amount, "rank": rank.to_numpy()})


def plain(cell: Any, kind: str) -> Any:
    """A cell as JSON has it: None, true, a number or a text."""
    if pd.isna(cell):
        return None
    if kind == "boolean":
        return bool(cell)
    if kind == "date":
        return str(cell.date())
    return str(cell) if kind == "datetime" else cell
