"""Rates by group of the columns that problem.protected names, in Fairlearn's words.

Selection rate: the share of a group that is predicted positive. Demographic parity ratio: the lowest selection rate by the
highest; below four fifths it is commonly taken as a sign of adverse impact (EEOC Uniform Guidelines, 1978). Equalized odds:
the same of true and false positive rates, the worse of both (Hardt et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.evaluate.decision import levels_of, mean_of, share_of
from lifecycle.table.contract import Field

Array = np.ndarray
Rates = Callable[[Array], dict[str, Any]]  # of a mask of rows


def groups(frame: pd.DataFrame, fields: list[Field], rates: Rates, min_rows: int, binary: bool) -> list[dict[str, Any]]:
    """Of each column its levels' rates; of two classes also the ratios between them. A level of fewer rows than `min_rows` is
    shown, and is no part of a ratio."""
    out = []
    for one in fields:
        codes, names = levels_of(frame[one.name], one)
        levels = []
        for code, name in enumerate(names):
            rows = codes == code
            if rows.any():
                n = int(rows.sum())
                levels.append({"level": name, "n": n, "compared": n >= min_rows, **rates(rows)})
        found = {"column": one.name, "levels": levels}
        if binary:
            found |= parity([level for level in levels if level["compared"]])
        out.append(found)
    return out


def of_binary(y_true: Array, chance: Array, decided: Array, confidence: float) -> Rates:
    def rates(rows: Array) -> dict[str, Any]:
        true, selected = y_true[rows] == 1, decided[rows] == 1
        hits = int((true & selected).sum())
        return {
            "selection_rate": share_of(int(selected.sum()), len(true)),
            "recall": share_of(hits, int(true.sum())),
            "precision": share_of(hits, int(selected.sum())),
            "false_positive_rate": share_of(int((~true & selected).sum()), int((~true).sum())),
            "predicted": float(chance[rows].mean()),
            "observed": share_of(int(true.sum()), len(true)),
        }

    return rates


def of_multiclass(y_true: Array, decided: Array) -> Rates:
    def rates(rows: Array) -> dict[str, Any]:
        return {"accuracy": share_of(int((y_true[rows] == decided[rows]).sum()), int(rows.sum()))}

    return rates


def of_regression(y_true: Array, y_pred: Array, confidence: float) -> Rates:
    def rates(rows: Array) -> dict[str, Any]:
        error = y_pred[rows] - y_true[rows]
        return {
            "predicted": mean_of(y_pred[rows], confidence),
            "bias": mean_of(error, confidence),
            "mae": mean_of(np.abs(error), confidence),
        }

    return rates


# ---- between groups -----------------------------------------------------------------------------------------------


def parity(levels: list[dict[str, Any]]) -> dict[str, Any]:
    """Fairlearn's figures; None where fewer than two groups have enough rows, or a rate is not known."""
    names = ("selection_rate", "recall", "false_positive_rate")
    ends = {name: lowest_and_highest(levels, name) for name in names}
    chosen, odds = ends["selection_rate"], [ends["recall"], ends["false_positive_rate"]]
    ratio = ratio_of(chosen)
    return {
        "demographic_parity_ratio": ratio,
        "ratio_interval": ratio_interval(chosen) if ratio is not None else None,
        "lowest": chosen[0]["level"] if chosen else None,
        "highest": chosen[1]["level"] if chosen else None,
        "demographic_parity_difference": difference_of(chosen),
        "equalized_odds_ratio": worst([ratio_of(one) for one in odds], min),
        "equalized_odds_difference": worst([difference_of(one) for one in odds], max),
    }


def lowest_and_highest(levels: list[dict[str, Any]], rate: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    known = [{"level": one["level"], "n": one["n"], **one[rate]} for one in levels if one[rate]["value"] is not None]
    if len(known) < 2 or len(known) < len(levels):
        return None
    return min(known, key=lambda one: one["value"]), max(known, key=lambda one: one["value"])


def ratio_of(ends: Any) -> float | None:
    if ends is None or not ends[1]["value"] > 0:
        return None
    return float(ends[0]["value"] / ends[1]["value"])


def difference_of(ends: Any) -> float | None:
    return None if ends is None else float(ends[1]["value"] - ends[0]["value"])


def worst(values: list[float | None], of: Callable[..., float]) -> float | None:
    known = [value for value in values if value is not None]
    return of(known) if len(known) == len(values) else None


def ratio_interval(ends: Any, confidence: float = 0.95) -> list[float] | None:
    """Of a ratio of two shares, on the scale of its logarithm (Katz et al. 1978)."""
    low, high = ends
    if not low["value"] > 0:
        return None
    variance = sum((1 - one["value"]) / (one["n"] * one["value"]) for one in (low, high))
    ratio = low["value"] / high["value"]
    half = NormalDist().inv_cdf((1 + confidence) / 2) * np.sqrt(variance)
    return [float(ratio * np.exp(-half)), float(ratio * np.exp(half))]


def judged(found: list[dict[str, Any]]) -> dict[str, float | None]:
    """What `criteria` may bound: of each figure the worst column's; None where one column's is not known."""
    out = {}
    for name, of in (
        ("demographic_parity_ratio", min),
        ("demographic_parity_difference", max),
        ("equalized_odds_ratio", min),
        ("equalized_odds_difference", max),
    ):
        out[name] = worst([one[name] for one in found], of) if found else None
    return out | {"four_fifths": out["demographic_parity_ratio"]}
