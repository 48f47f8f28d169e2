"""The problem: what is predicted, as which task, and how it is measured, with every default filled in and said aloud."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground import metrics
from lifecycle.ground.errors import UserError, nearest
from lifecycle.table import cells, levels, notation, targets
from lifecycle.table.contract import Criterion, Field
from lifecycle.table.roles import as_list, entry

COSTS = ("false_positive", "false_negative", "true_positive")
_CAPACITY = re.compile(r"\s*(\d[\d,_]*\.?\d*)\s*(%|/|of|out of)?\s*(\d[\d,_]*)?\s*", re.I)
_TOLERANCE = re.compile(r"\s*(\d+\.?\d*|\.\d+)(?:e([-+]?\d+))?\s*(%?)\s*", re.I)
# a class of such a name is the absence of something, even where it is the rarer one
ABSENCE = cells.FALSE | {"none", "negative", "neg", "healthy", "normal", "absent", "benign", "-1", "good", "ok"}
RARE = 5  # rows of a class


def describe_problem(
    problem: dict, field: dict, values: pd.Series, notes: list[str], dated: list[str], typed: bool
) -> dict[str, Any]:
    """The problem block with every default filled in and said aloud; the target's field gets its type and classes.

    `dated`: the other columns that are dates; `typed`: whether params.yaml names the target's type.
    """
    filled = levels.filled_cells(values, field)
    if not len(filled):
        raise UserError(
            f'data/raw: every cell of the target "{field["name"]}" is missing; is it the right column (params.yaml: problem.target)?'
        )
    if not typed and field["type"] not in ("number", "integer"):
        targets.check_is_no_date(field["name"], filled, dated)
    merged = _one_word_a_class(field, filled) if not typed else {}
    if merged:
        filled = filled.map(lambda text: merged.get(cells.tidy(text), text))
    task = infer_task(problem, field, filled, notes)
    check_measures(problem, task)
    say_what_is_odd(field, filled, task, notes)
    out = {k: problem[k] for k in ("statement", "decision", "owner", "unit")} | {"target": field["name"], "task": task}
    metric = {"regression": "rmse"}.get(task, "log_loss")
    out["metric"] = problem["metric"] or metric
    if not problem["metric"]:
        notes.append(f"problem.metric is empty: {metric}, the usual one for {task}")
    if task == "regression":
        if problem["positive"]:
            raise UserError(
                "params.yaml: problem.positive is for a binary task, and this one is a regression; empty it"
            )
        if field["type"] not in ("number", "integer"):
            raise UserError(
                f'data/raw: the target "{field["name"]}" is not a number in most rows (such as {filled.iloc[0]!r}); '
                "set params.yaml: problem.task to binary or multiclass, or mend the column"
            )
    else:
        out["positive"], out["classes"] = classes(problem, field, filled, task, notes)
        if merged:
            field["spellings"] = merged
            shown = ", ".join(f'"{label}" as "{usual}"' for label, usual in merged.items())
            notes.append(f'"{field["name"]}": {shown} (to keep them apart: {entry(field["name"], type="string")})')
    out |= {k: problem[k] for k in ("criteria", "costs")}
    if capacity := read_capacity(problem["capacity"], task, len(values), notes):
        out["capacity"] = capacity
    if tolerance := read_tolerance(problem["tolerance"], task):
        out["tolerance"] = tolerance
    if problem["protected"]:
        out["protected"] = problem["protected"]
    out["exclude"] = problem["exclude"]
    if not problem["criteria"]:
        notes.append(
            "problem.criteria is empty: a release must beat the naive baseline, and the champion where there is one"
        )
    return out


def _one_word_a_class(field: dict, filled: pd.Series) -> dict[str, str]:
    """{label: the one it is read as} where all labels are spellings of two words, yes and no."""
    counts = levels.level_counts(filled)
    if not 2 < len(counts) <= 12:
        return {}
    labels = levels.spellings(filled)
    return targets.same_class(labels, {label: counts.get(cells.level(label), 0) for label in labels})


def say_what_is_odd(field: dict, filled: pd.Series, task: str, notes: list[str]) -> None:
    """A sentence for what the target's cells are besides numbers or classes."""
    name = field["name"]
    if task == "multiclass" and (code := targets.no_answer(levels.spellings(filled))):
        rows = levels.level_counts(filled)[cells.level(code)]
        cure = entry(name, missingValues=as_list(["", code]))
        notes.append(f'"{name}": {rows:,} rows hold {code} beside two classes; if it stands for no answer: {cure}')
        return
    if field["type"] in ("number", "integer"):
        numbers = notation.numbers(filled, notation.of_field(Field.read(field)))
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers):
            notes += targets.odd_numbers(name, numbers)
        if len(numbers) and task != "binary" and targets.are_counts(numbers):
            way = "rmse weighs the few large ones most, problem.metric: mae all alike"
            if task == "multiclass":
                way = "each is a class of its own here, problem.task: regression takes them as numbers"
            notes.append(f'"{name}" are counts (0, 1, 2, ...), most of them small: {way}')
    elif task == "multiclass":
        if note := targets.check_labels(name, filled):
            notes.append(note)


def check_measures(problem: dict, task: str) -> None:
    """UserError where a metric, a criterion or a cost is misspelt: found now, not after the fit."""
    if problem["metric"]:
        metrics.metric(problem["metric"], task)
    for name, wanted in problem["criteria"].items():
        Criterion.read(name, wanted, metrics.is_greater_better(name, task))
        lacking = {**dict.fromkeys(metrics.OF_GROUPS, "protected"), "within_tolerance": "tolerance"}.get(name)
        if lacking and not problem[lacking]:
            raise UserError(f"params.yaml: problem.criteria.{name} needs problem.{lacking}, which is empty; fill it")
    for name, cost in problem["costs"].items():
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not np.isfinite(cost) or cost < 0:
            raise UserError(f"params.yaml: problem.costs.{name} is {cost!r}; it takes a number from 0 up")
        if name not in COSTS:
            raise UserError(
                f"params.yaml: problem.costs has {name!r}{nearest(name, list(COSTS)) or ';'} it takes {', '.join(COSTS)}"
            )
    if problem["costs"] and task != "binary":
        raise UserError(f"params.yaml: problem.costs is for a binary task, and this one is {task}; empty it: {{}}")


def read_capacity(given: Any, task: str, n_rows: int, notes: list[str]) -> dict[str, float]:
    """{rows, of}: how many of how many rows can be acted on; {} where nothing is said."""
    if given in ("", None):
        return {}
    found = _CAPACITY.fullmatch(str(given))
    if isinstance(given, bool) or not found or (found[2] in (None, "%")) != (found[3] is None):
        raise UserError(f"params.yaml: problem.capacity is {given!r}; write it like 10%, 500 of 7000, or 500")
    if task != "binary":
        raise UserError(f"params.yaml: problem.capacity is for a binary task, and this one is {task}; empty it: ''")
    rows, unit, of = float(found[1].replace(",", "").replace("_", "")), found[2], found[3]
    if of:
        capacity = {"rows": rows, "of": float(of.replace(",", "").replace("_", ""))}
    elif unit == "%":
        capacity = {"rows": rows, "of": 100.0}
    elif rows < 1:
        capacity = {"rows": rows, "of": 1.0}
    else:
        capacity = {"rows": rows, "of": float(n_rows)}
        notes.append(
            f"problem.capacity: {rows:,.0f} is read as {rows:,.0f} of the {n_rows:,} rows of data/raw, {rows / n_rows:.1%}; "
            f"of another number: problem.capacity: {rows:.0f} of 2000"
        )
    if not 0 < capacity["rows"] <= capacity["of"]:
        raise UserError(f"params.yaml: problem.capacity is {given!r}; it takes a share above 0 and up to all rows")
    return capacity


def read_tolerance(given: Any, task: str) -> dict[str, float]:
    """{error} in the target's unit or {share} of the actual value; {} where nothing is said."""
    if given in ("", None):
        return {}
    found = _TOLERANCE.fullmatch(str(given))
    if isinstance(given, bool) or not found or not float(found[1]) > 0:
        raise UserError(f"params.yaml: problem.tolerance is {given!r}; write it like 5000, or 10%")
    if task != "regression":
        raise UserError(f"params.yaml: problem.tolerance is for a regression, and this one is {task}; empty it: ''")
    size = float(found[1]) * 10.0 ** int(found[2] or 0)
    return {"share": size / 100} if found[3] else {"error": size}


def infer_task(problem: dict, field: dict, filled: pd.Series, notes: list[str]) -> str:
    name, distinct = field["name"], len(levels.level_counts(filled))
    numeric = field["type"] in ("number", "integer")
    if distinct < 2:
        raise UserError(
            f'data/raw: the target "{name}" has one class only, {filled.iloc[0]!r}; there is nothing to tell apart: add rows of another class'
        )
    if task := problem["task"]:
        if task not in ("binary", "multiclass", "regression"):
            raise UserError(
                f"params.yaml: problem.task is {task!r}; it takes binary, multiclass, regression, or nothing"
            )
        if task == "binary" and distinct != 2:
            raise UserError(
                f'data/raw: the target "{name}" has {distinct} classes; params.yaml: problem.task cannot be binary'
            )
        return task
    few = distinct <= 10 and field["type"] == "integer" and len(filled) >= 10 * distinct
    task = "binary" if distinct == 2 else "regression" if numeric and not few else "multiclass"
    if task == "multiclass" and not numeric and distinct > max(50, 0.2 * len(filled)):
        targets.check_labels(name, filled)
        raise UserError(
            f'data/raw: the target "{name}" has {distinct:,} different texts in {len(filled):,} rows, neither numbers nor classes; '
            "is it the right column (params.yaml: problem.target)?"
        )
    how = f"{distinct} different values" if task != "regression" else f"numbers, {distinct} different ones"
    other = {"multiclass": "regression", "regression": "multiclass"}.get(task) if numeric and distinct <= 30 else None
    notes.append(
        f'problem.task is empty: {task}, since "{name}" has {how}'
        + (f"; or set problem.task: {other}" if other else "")
    )
    return task


def classes(problem: dict, field: dict, filled: pd.Series, task: str, notes: list[str]) -> tuple[str, list[str]]:
    """(positive class, labels in the order of the model's probabilities); the target's field lists them."""
    field["type"] = "string"
    for key in ("decimalChar", "groupChar", "bareNumber", "unit", "notation"):
        field.pop(key, None)
    labels = levels.spellings(filled)
    if all(not np.isnan(notation.number(v)) for v in labels):
        labels.sort(key=notation.number)
    field["constraints"] = {"enum": labels}
    if (written := filled.nunique()) > len(labels):
        notes.append(f'"{field["name"]}": {written} spellings are read as {len(labels)} classes')
    counts = levels.level_counts(filled)
    if rare := [f'"{v}" ({counts[cells.level(v)]})' for v in labels if counts[cells.level(v)] < RARE]:
        notes.append(
            f'"{field["name"]}" has classes of very few rows, hardly to be learned or tested: {", ".join(rare[:5])}'
        )
    if task != "binary":
        return "", labels
    positive = problem["positive"]
    if positive and str(positive) not in labels:
        # YAML reads yes and true as booleans: the user meant the text
        words = {True: cells.TRUE, False: cells.FALSE}.get(positive) if isinstance(positive, bool) else None
        meant = [
            v for v in labels if (cells.fold(v) in words if words else cells.level(v) == cells.level(str(positive)))
        ]
        if len(meant) != 1:
            near = nearest(str(positive), labels) or f"; its classes are {', '.join(labels)}"
            raise UserError(
                f'data/raw: the target "{field["name"]}" has no class {positive!r}{near} (params.yaml: problem.positive)'
            )
        positive = meant[0]
    elif not positive:
        # yes beside no or "unknown", 1 beside 0 or -1; but of 1 and 2 neither says yes
        said = [v for v in labels if cells.fold(v) in cells.TRUE]
        other = [v for v in labels if v not in said]
        clear = len(said) == 1 and (cells.fold(other[0]) in cells.FALSE | {"-1"} or np.isnan(notation.number(other[0])))
        present = [v for v in labels if cells.fold(v) not in ABSENCE]
        rarer = min(present or labels, key=lambda v: (counts.get(cells.level(v), 0), v))
        positive = said[0] if clear else rarer
        share = counts.get(cells.level(positive), 0) / len(filled)
        notes.append(f'problem.positive is empty: "{positive}", {share:.1%} of the rows')
    positive = str(positive)
    return positive, [v for v in labels if v != positive] + [positive]
