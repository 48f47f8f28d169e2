"""Where a model is good, what it uses and where it errs: importance, partial dependence, worst rows.

`answer` is a function of a frame that returns what the metric needs: (n, k) probabilities, class codes or values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import METRICS, draws, interval
from lifecycle.table.read import SOURCE

Array = np.ndarray
Answer = Callable[[pd.DataFrame], Array]
ROW_PREDICTIONS = 400_000  # what importance may ask of the model, in rows; wide tables get fewer repeats and rows


# ---- importance ---------------------------------------------------------------------------------------------------


def permutation_importance(
    answer: Answer,
    frame: pd.DataFrame,
    columns: list[str],
    metric: str,
    y: Array,
    weight: Array | None,
    params: dict,
    progress: Callable,
) -> list[dict[str, Any]]:
    """How much worse the score gets when one column is shuffled among the rows (Breiman 2001), the largest first.

    The mean over `importance_repeats` shuffles; its interval is that of the mean over resampled rows. Two columns that
    say the same hide each other: each alone can then be shuffled without much loss.
    """
    rng = np.random.default_rng(params["random_state"])
    rows = min(len(frame), params["importance_rows"])
    repeats = int(np.clip(ROW_PREDICTIONS // (rows * max(len(columns), 1)), 1, params["importance_repeats"]))
    rows = min(rows, max(200, ROW_PREDICTIONS // (repeats * max(len(columns), 1))))
    some = np.sort(rng.choice(len(frame), rows, replace=False))
    frame, y = frame.iloc[some].reset_index(drop=True), y[some]
    weights = np.concatenate([np.ones((1, rows)), *draws(rows, params["n_bootstrap"], params["random_state"])])
    if weight is not None:
        weights *= weight[some]
    sign = 1 if METRICS[metric].greater_is_better else -1
    whole = METRICS[metric].prepared(y, answer(frame))(weights)
    repeated = pd.concat([frame] * repeats, ignore_index=True)
    found = []
    for column in progress(columns):
        shuffled = repeated.copy(deep=False)
        order = np.concatenate([rng.permutation(rows) for _ in range(repeats)])
        shuffled[column] = frame[column].iloc[order].reset_index(drop=True)
        if shuffled[column].equals(repeated[column]):  # a constant here: nothing to shuffle
            found.append({"column": column, "importance": 0.0, "low": 0.0, "high": 0.0})
            continue
        parts = np.split(answer(shuffled), repeats)
        loss = sign * (whole - np.mean([METRICS[metric].prepared(y, part)(weights) for part in parts], axis=0))
        low, high = interval(loss[1:], params["confidence"])
        found.append({"column": column, "importance": float(loss[0]), "low": low, "high": high})
    return sorted(found, key=lambda row: (-np.nan_to_num(row["importance"], nan=-np.inf), columns.index(row["column"])))


# ---- partial dependence -------------------------------------------------------------------------------------------


def grid(column: pd.Series, kind: str) -> list[Any]:
    """Values to try: up to twelve quantiles of a number or time, the eight most frequent of anything else."""
    known = column.dropna()
    if kind in ("number", "integer", "date", "datetime") and known.nunique() > 8:
        # the outer twentieths are thin: what the model says there rests on few rows
        return sorted(known.quantile(np.linspace(0.05, 0.95, 12), interpolation="nearest").unique())
    common = known.value_counts().index[:8].tolist()
    return sorted(common) if kind in ("number", "integer", "boolean", "date", "datetime") else common


def partial_dependence(
    predict: Answer, frame: pd.DataFrame, fields: list[dict[str, Any]], classes: list[str], params: dict
) -> list[dict[str, Any]]:
    """The mean answer over rows when one column is set to each value of a grid (Friedman 2001).

    Binary: the positive class's probability; more classes: of the six most probable ones; regression: the value.
    """
    rng = np.random.default_rng(params["random_state"])
    some = np.sort(rng.choice(len(frame), min(len(frame), params["importance_rows"] // 4), replace=False))
    frame, found = frame.iloc[some].reset_index(drop=True), []
    for field in fields:
        values = grid(frame[field["name"]], field["type"])
        if field["type"] == "text" or len(values) < 2:
            continue
        if len(found) == params["partial_dependence"]:
            break
        tried = pd.concat([frame] * len(values), ignore_index=True)
        # through take: the column keeps its type
        at = pd.Series(values, dtype=frame[field["name"]].dtype)
        tried[field["name"]] = at.take(np.repeat(np.arange(len(values)), len(frame))).reset_index(drop=True)
        p = predict(tried)
        means = p.reshape(len(values), len(frame), -1).mean(axis=1)
        if len(classes) == 2:
            lines = [(classes[1], means[:, 1])]
        elif classes:
            lines = [(classes[c], means[:, c]) for c in np.argsort(-means.mean(axis=0), kind="stable")[:6]]
        else:
            lines = [("", means[:, 0])]
        shown = [plain(v, field["type"]) for v in values]
        found.append(
            {"column": field["name"], "type": field["type"], "values": shown}
            | {"lines": [{"class": name, "mean": mean.tolist()} for name, mean in lines]}
        )
    return found


# ---- worst errors -------------------------------------------------------------------------------------------------


def worst(
    frame: pd.DataFrame, fields: list[dict[str, Any]], classes: list[str], y: Array, p: Array, told: Array, params: dict
) -> list[dict[str, Any]]:
    """The rows that the model is most wrong about, worst first, each with its source line and the cells of `fields`.

    `told` are the classes decided, which need not be the most probable ones; of a regression it is p.
    """
    size = np.where(told != y, 1 - p[np.arange(len(y)), y], -1) if classes else np.abs(y - p)
    source, found = frame[SOURCE].to_numpy(dtype=str), []
    for i in np.lexsort((source, -size))[: params["worst"]]:
        if size[i] <= 0:  # from here on they are right
            break
        if classes:
            row = {"actual": classes[y[i]], "predicted": classes[told[i]], "probability": float(p[i, y[i]])}
        else:
            row = {"actual": float(y[i]), "predicted": float(p[i]), "error": float(p[i] - y[i])}
        cells = {f["name"]: plain(frame[f["name"]].iat[i], f["type"]) for f in fields}
        found.append({"source": source[i], **row, "cells": cells})
    return found


def plain(cell: Any, kind: str) -> Any:
    """A cell as JSON has it: None, true, a number or a text."""
    if pd.isna(cell):
        return None
    if kind == "boolean":
        return bool(cell)
    if kind == "date":
        return str(cell.date())
    return str(cell) if kind == "datetime" else cell
