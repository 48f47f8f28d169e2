"""Where a model is good, what it uses and where it errs: slices, importance, partial dependence, worst rows.

`answer` is a function of a frame that returns what the metric needs: (n, k) probabilities, class codes or values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import METRICS, bootstrap, draws, interval
from lifecycle.ground.words import short
from lifecycle.table.read import SOURCE

Array = np.ndarray
Answer = Callable[[pd.DataFrame], Array]
MISSING = "(missing)"
SLICE_CELLS = 10_000  # rows x classes of a slice that are resampled: there may be a hundred slices
ROW_PREDICTIONS = 400_000  # what importance may ask of the model, in rows; wide tables get fewer repeats and rows


# ---- slices -------------------------------------------------------------------------------------------------------


def levels(column: pd.Series, kind: str, limit: int) -> pd.Series:
    """The slice that each row falls in, as text; NaN for rows of a level beyond the `limit` most frequent.

    Numbers of more than five values go by quartile, times by month (of more than two years: by year).
    """
    if kind in ("date", "datetime"):
        months = column.dt.to_period("M")
        named = (months if months.nunique() <= 24 else column.dt.to_period("Y")).astype(str).where(column.notna())
        kept = sorted(named.dropna().unique())[-limit:]  # the latest say most about what comes
    elif kind == "boolean":
        named = column.map({0.0: "false", 1.0: "true"})
        kept = ["false", "true"]
    elif kind in ("number", "integer") and column.nunique() > 5:
        cuts = np.unique(column.dropna().quantile([0.25, 0.5, 0.75], interpolation="lower"))
        names = [f"to {short(cuts[0])}"]
        names += [f"{short(low)} to {short(high)}" for low, high in zip(cuts[:-1], cuts[1:], strict=True)]
        names.append(f"above {short(cuts[-1])}")
        part = np.searchsorted(cuts, column, side="left").clip(0, len(cuts))
        named = pd.Series(np.array(names, dtype=object)[part], index=column.index).where(column.notna())
        kept = names
    else:
        numeric = kind in ("number", "integer")
        named = column.map(short) if numeric else column.astype(object)
        named = named.where(column.notna())
        kept = named.value_counts().index[:limit].tolist()
    named = named.where(named.isin(kept))
    return named.mask(column.isna(), MISSING).astype(pd.CategoricalDtype([*dict.fromkeys(kept), MISSING]))


def slices(
    frame: pd.DataFrame,
    fields: list[dict[str, Any]],
    metric: str,
    y: Array,
    p: Array,
    naive: Array,
    weight: Array | None,
    params: dict,
) -> list[dict[str, Any]]:
    """A score with its interval for each level of each field, in the order of `fields`, at most `max_slices`."""
    found: list[dict[str, Any]] = []
    draw = (params["n_bootstrap"], params["confidence"], params["random_state"])
    for field in fields:
        if field["type"] == "text" or len(found) >= params["max_slices"]:
            continue
        level = levels(frame[field["name"]], field["type"], params["max_slice_levels"])
        for name in level.cat.categories:
            rows = np.flatnonzero(level == name)
            n = len(rows)
            own = None if weight is None else weight[rows]
            # Kish's effective size: a row that weighs as much as all the others is one row
            worth = n if own is None else own.sum() ** 2 / max((own**2).sum(), 1e-300)
            if worth < params["min_slice_rows"] or n == len(frame):
                continue
            value, low, high = bootstrap(metric, y[rows], p[rows], *draw, cells=SLICE_CELLS, weight=own)
            if np.isnan(value):  # one class only, say
                continue
            base = METRICS[metric].function(y[rows], naive[rows], own)
            found.append(
                {"column": field["name"], "level": str(name), "n": n, "score": value, "low": low, "high": high}
                | {"baseline": base}
            )
    return found[: params["max_slices"]]


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
