"""Rows of the report's tables: data, columns, candidates, metrics; and what the candidates' scores give away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import alike, as_scores, count, cut, percent, plain, short
from lifecycle.report.glossary import IN_UNITS, better_is, meaning, term
from lifecycle.table.contract import Contract, Field

# ---- data ---------------------------------------------------------------------------------------------------------


def reasons(cleaning: dict[str, Any]) -> list[tuple[str, int]]:
    """Why rows were set aside, the most frequent reason first."""
    return sorted(cleaning["reasons"].items(), key=lambda item: (-item[1], item[0]))


def columns(contract: Contract, profile: dict[str, Any], cleaning: dict[str, Any]) -> dict[str, Any]:
    """The table of columns as `head`, `rows` and which of them are `numeric`, without a column that says nothing."""
    head = ["Column", "Type", "Role", "Filled", "Distinct", "Unreadable cells", "Values", "Remark"]
    rows = [column(field, profile, cleaning) for field in contract.fields]
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return {
        "head": [head[i] for i in used],
        "rows": [[row[i] for i in used] for row in rows],
        "numeric": [used.index(i) for i in (3, 4, 5) if i in used],
    }


def column(field: Field, profile: dict[str, Any], cleaning: dict[str, Any]) -> list[str]:
    facts = profile["columns"].get(field.name, {})
    cells = cleaning["cells"].get(field.name, {})
    filled = distinct = short(None)
    if facts:
        distinct = count(facts["distinct"])
    if facts and profile["rows"]:
        filled = percent(facts["filled"] / profile["rows"])
    unreadable = cells.get("corrupt", 0) + cells.get("out_of_range", 0)
    return [
        cut(field.name, 40, middle=True),
        field.type,
        field.role,
        filled,
        distinct,
        count(unreadable) if unreadable else "",
        values_of(field, facts),
        cut(field.reason, 160),
    ]


def values_of(field: Field, facts: dict[str, Any]) -> str:
    """The range or the categories seen; examples where there are none."""
    if field.minimum is not None and field.maximum is not None:
        return f"{plain(field.minimum)} to {plain(field.maximum)}"
    values = field.levels or facts.get("examples") or []
    more = f", … ({len(values)})" if len(values) > 4 else ""
    return ", ".join(cut(value, 20, middle=True) for value in values[:4]) + more


# ---- candidates ---------------------------------------------------------------------------------------------------

HEADINGS = {
    "name": "Candidate", "metric": "Metric", "score": "Cross-validated", "score_std": "± between folds", "weight": "Share of the blend",
    "size_mb": "Size, MB", "latency_units": "Time per row, ms (estimated)", "rounds": "Rounds", "rows": "Rows learned from",
}  # fmt: skip


def leaderboard(board: pd.DataFrame) -> dict[str, Any]:
    """Every candidate that was tried, the best first; a column for each fact that train wrote."""
    chosen = board["chosen"] == "True"
    if chosen.sum() > 1:  # the model is their blend; how much of each is in it, the weights say
        chosen &= board["name"] == "blend"
    facts = board.drop(columns="chosen")
    facts["name"] = facts["name"].where(~chosen, facts["name"] + " ← chosen")
    numeric = [i for i, name in enumerate(facts.columns) if pd.api.types.is_numeric_dtype(facts[name])]
    for name in facts.columns[numeric]:
        facts[name] = candidate_numbers(name, facts[name])
    return {
        "head": [HEADINGS.get(name, name.replace("_", " ").capitalize()) for name in facts.columns],
        "rows": facts.to_numpy().tolist(),
        "numeric": numeric,
        "marked": chosen.tolist(),
    }


def candidate_numbers(name: str, values: pd.Series) -> list[str]:
    """Nothing is said better by a blank; scores are compared digit by digit, of the rest the size is enough."""
    texts = [short(value, 3) if pd.notna(value) else "" for value in values]
    if name == "score":
        texts = as_scores(values)
    if name == "rows":
        texts = [f"{value:,.0f}" for value in values.fillna(0)]
    if name == "score_std":
        texts = alike(values)
    if name == "weight":
        texts = [percent(value) for value in values]
    return ["" if pd.isna(value) or value == 0 else text for text, value in zip(texts, values, strict=True)]


def fold_gap(evaluation: dict[str, Any], board: pd.DataFrame) -> str:
    """A sentence where the test score is worse than the chosen model's out of fold, beyond its interval and by a tenth."""
    metric, score = evaluation["metric"], evaluation["score"]
    fold = out_of_fold(board, metric)
    # of decisions the folds' score is that of the likeliest class, not by the threshold
    if fold is None or score["low"] is None or METRICS[metric].needs == "classes":
        return ""
    near_end = score["low"]
    worse = near_end > fold
    if METRICS[metric].greater_is_better:
        near_end = score["high"]
        worse = near_end < fold
    if not worse or abs(score["value"] - fold) <= 0.1 * abs(fold):
        return ""
    return (
        f"On the test rows {metric} is {short(score['value'])}, out of fold it was {short(fold)}: either the test rows differ from "
        "the training rows, as newer ones do when the world changes, or the search has overfitted the training rows."
    )


def out_of_fold(board: pd.DataFrame, metric: str) -> float | None:
    """The chosen model's score by cross-validation; None where the board is of another metric."""
    chosen = board[(board["chosen"] == "True") & (board["metric"] == metric)]
    blend = chosen[chosen["name"] == "blend"]
    if len(blend):
        chosen = blend
    if not len(chosen) or np.isnan(chosen["score"].iloc[0]):
        return None
    return float(chosen["score"].iloc[0])


# ---- metrics ------------------------------------------------------------------------------------------------------


def metrics(evaluation: dict[str, Any]) -> dict[str, Any]:
    """A row for each metric, that of the problem first."""
    names = sorted(evaluation["metrics"], key=lambda name: name != evaluation["metric"])
    rows = []
    for name in names:
        score = evaluation["metrics"][name]
        value, low, high, baseline = (as_metric(name, score[key]) for key in ("value", "low", "high", "baseline"))
        around = short(None)
        if score["low"] is not None:
            around = f"{low} to {high}"
        says = f"{meaning(name, evaluation['classes'])} ({better_is(name)} is better)"
        rows.append([term(name), value, around, baseline, says])
    return {
        "head": ["Metric", "Test", f"{percent(evaluation['confidence'])} interval", "Baseline", "What it says"],
        "rows": rows,
        "numeric": [1, 2, 3],
        "marked": [name == evaluation["metric"] for name in names],
    }


def as_metric(name: str, value: float | None) -> str:
    if value is None or name in IN_UNITS:
        return short(value)
    return f"{round(value, 4) + 0:.4f}"  # -2.4e-05 is nothing, unless it is in units of the target
