"""define: the problem block of params.yaml and the raw table become a checked contract.

Run: python -m stages.define      (reads data/raw, params.yaml; writes data/contract.yaml, reports/data_profile.json)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground import metrics
from lifecycle.ground.errors import UserError, nearest
from lifecycle.table import cells, infer, notation
from lifecycle.table.conform import conform, used_fields
from lifecycle.table.contract import MODEL, Criterion
from lifecycle.table.leaks import given_away, suspected
from lifecycle.table.names import tidy_name
from lifecycle.table.read import SOURCE, RawTable

TYPES = ("string", "text", "number", "integer", "boolean", "date", "datetime")
ROLES = ("feature", "id", "group", "time", "weight", "ignored")
OVERRIDES = (
    "type",
    "role",
    "missingValues",
    "format",
    "decimalChar",
    "groupChar",
    "bareNumber",
    "unit",
    "trueValues",
    "falseValues",
    "was",
)
CONTRACT = "data/contract.yaml"
COSTS = ("false_positive", "false_negative")
# a class of such a name is the absence of something, even where it is the rarer one
ABSENCE = cells.FALSE | {"none", "negative", "neg", "healthy", "normal", "absent", "benign", "-1", "good", "ok"}
MIN_ROWS = 20
RARE = 5  # rows of a class


def build_contract(raw: RawTable, problem: dict, columns: dict, define: dict) -> tuple[dict[str, Any], list[str]]:
    """(contract, notes): every column's role and type, the task and how it is measured; each decision made here is a note."""
    frame = raw.frame.drop(columns=SOURCE)
    check_names(list(frame.columns), problem, columns)
    target, notes = problem["target"], list(raw.notes)
    fields = infer.infer_fields(frame, define, columns, target, delimiter_of(raw))
    for field in fields:
        name = field["name"]
        override = columns.get(name) or {}
        if name != target:
            infer.assign_role(field, frame[name])
            if "role" in override:
                field |= {"role": override["role"], "reason": "params.yaml: columns"}
            if name in problem["exclude"]:
                field |= {"role": "ignored", "reason": "params.yaml: problem.exclude"}
            elif name in raw.unusable:
                field |= {"role": "ignored", "reason": raw.unusable[name]}
        if field["role"] in ("id", "group") and "type" not in override:
            infer.as_name(field)
        notes += [f'"{name}": {note}' for note in [*field.pop("notes", []), field.pop("note", "")] if note]
    by_name = {f["name"]: f for f in fields}
    infer.settle_groups(fields, frame, columns)
    if not any(f["role"] == "time" for f in fields):
        infer.assign_time(fields, frame)
    described = describe_problem(problem, by_name[target], frame[target], notes)
    contract = {"problem": described, "source": source(raw), "fields": fields}
    set_levels(frame, fields)
    check_overrides(frame, contract, columns)
    drop_giveaways(frame, contract, columns, notes)
    notes += [f'"{f["name"]}" is not used: {f["reason"]}' for f in fields if f["role"] in ("ignored", "id")]
    notes += [
        f'"{f["name"]}" is the {f["role"]} column: {f["reason"]}' for f in fields if f["role"] in ("group", "time")
    ]
    if not used_fields(contract, MODEL):
        raise UserError(
            f'data/raw has no column left to predict "{target}" from; set a role under params.yaml: columns'
        )
    contract["notes"] = notes
    return contract, notes


def delimiter_of(raw: RawTable) -> str:
    """What parts the cells in (most of) the files; "" for formats that have none."""
    found = [fact.get("delimiter", "") for fact in raw.facts]
    return max(found, key=found.count) if found else ""


def check_types(problem: dict, columns: dict) -> None:
    """Make each column's name text, which YAML may have read as a number; UserError where a value is of another kind."""
    for key, kind, example in (
        ("exclude", list, "[name]"),
        ("criteria", dict, '{roc_auc: ">= 0.8"}'),
        ("costs", dict, "{false_negative: 5}"),
    ):
        if not isinstance(problem[key], kind):
            raise UserError(
                f"params.yaml: problem.{key} is {problem[key]!r}; it takes the form {example}, or {kind()} for none"
            )
    problem["target"] = as_name(problem["target"] if problem["target"] is not None else "", "problem.target")
    problem["exclude"] = [as_name(n, "problem.exclude") for n in problem["exclude"]]
    for key in ("task", "metric"):
        problem[key] = problem[key] or ""
    for name in list(columns):
        override = columns.pop(name)
        if not isinstance(override, dict):
            raise UserError(
                f"params.yaml: columns.{name} is {override!r}; it takes the form {{type: string}} or {{role: ignored}}"
            )
        for key in ("missingValues", "trueValues", "falseValues", "was"):
            if not isinstance(override.get(key, []), list):
                raise UserError(
                    f'params.yaml: columns.{name}.{key} is {override[key]!r}; it takes a list, such as ["?", "n/a"]'
                )
        columns[as_name(name, "columns")] = override


def as_name(name: object, where: str) -> str:
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        hint = (
            ', which is what YAML makes of an unquoted yes, no, on or off; put the name in quotes, "yes"'
            if isinstance(name, bool)
            else "; it takes a name"
        )
        raise UserError(f"params.yaml: {where} is {name!r}{hint}")
    return tidy_name(str(name))


def check_names(header: list[str], problem: dict, columns: dict) -> None:
    """UserError where params.yaml speaks of a column, a type or a role that is not there."""
    target = problem["target"]
    if not target:
        raise UserError(
            f"params.yaml: problem.target is empty; name the column to predict, one of {', '.join(header[:12])}"
        )
    named = {"problem.target": [target], "problem.exclude": problem["exclude"], "columns": list(columns)}
    for where, names in named.items():
        for name in names:
            if name not in header:
                near = nearest(name, header) or f"; it has {', '.join(header[:12])}"
                raise UserError(f'data/raw has no column "{name}"{near} (params.yaml: {where})')
    if target in problem["exclude"]:
        raise UserError(f'params.yaml: problem.exclude names the target "{target}"; take it out')
    for name, override in columns.items():
        for key, value in (override or {}).items():
            allowed = {"type": TYPES, "role": ROLES}.get(key)
            if key not in OVERRIDES:
                raise UserError(f"params.yaml: columns.{name} has {key!r}; it takes {', '.join(OVERRIDES)}")
            if allowed and value not in allowed:
                raise UserError(f"params.yaml: columns.{name}.{key} is {value!r}; it takes one of {', '.join(allowed)}")
        if name == target and "role" in (override or {}):
            raise UserError(
                f'params.yaml: columns.{name} gives the target a role; a target is a target (see "problem.target")'
            )


# ---- the problem ------------------------------------------------------------------------------------------


def describe_problem(problem: dict, field: dict, values: pd.Series, notes: list[str]) -> dict[str, Any]:
    """The problem block with every default filled in and said aloud; the target's field gets its type and classes."""
    filled = infer.filled_cells(values, field)
    if not len(filled):
        raise UserError(
            f'data/raw: every cell of the target "{field["name"]}" is missing; is it the right column (params.yaml: problem.target)?'
        )
    task = infer_task(problem, field, filled, notes)
    check_measures(problem, task)
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
    out |= {k: problem[k] for k in ("criteria", "costs", "exclude")}
    if not problem["criteria"]:
        notes.append(
            "problem.criteria is empty: a release must beat the naive baseline, and the champion where there is one"
        )
    return out


def check_measures(problem: dict, task: str) -> None:
    """UserError where a metric, a criterion or a cost is misspelt: found now, not after the fit."""
    for name in ([problem["metric"]] if problem["metric"] else []) + list(problem["criteria"]):
        metrics.metric(name, task)
    for name, wanted in problem["criteria"].items():
        Criterion.read(name, wanted, metrics.metric(name, task).greater_is_better)
    for name in problem["costs"]:
        if name not in COSTS:
            raise UserError(
                f"params.yaml: problem.costs has {name!r}{nearest(name, list(COSTS)) or ';'} it takes {' and '.join(COSTS)}"
            )
    if problem["costs"] and task != "binary":
        raise UserError(f"params.yaml: problem.costs is for a binary task, and this one is {task}; empty it: {{}}")


def infer_task(problem: dict, field: dict, filled: pd.Series, notes: list[str]) -> str:
    name, distinct = field["name"], len(infer.level_counts(filled))
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
        raise UserError(
            f'data/raw: the target "{name}" has {distinct} different texts in {len(filled)} rows, neither numbers nor classes; '
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
    labels = infer.spellings(filled)
    if all(not np.isnan(notation.number(v)) for v in labels):
        labels.sort(key=notation.number)
    field["constraints"] = {"enum": labels}
    if (written := filled.nunique()) > len(labels):
        notes.append(f'"{field["name"]}": {written} spellings are read as {len(labels)} classes')
    counts = infer.level_counts(filled)
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


# ---- columns ----------------------------------------------------------------------------------------------


def set_levels(frame: pd.DataFrame, fields: list[dict]) -> None:
    """List the levels of each category in its field, unless there are too many to read."""
    for field in fields:
        if field["type"] == "string" and field["role"] == "feature" and "enum" not in field.get("constraints", {}):
            levels = infer.spellings(infer.filled_cells(frame[field["name"]], field))
            field["constraints"] = {"enum": levels} if len(levels) <= infer.MAX_ENUM else {}


def check_overrides(frame: pd.DataFrame, contract: dict, columns: dict) -> None:
    """UserError where the user's word makes every cell of a column unreadable, or a text the time."""
    said = [f for f in used_fields(contract) if f["name"] in columns]
    corrupt = conform(frame[[f["name"] for f in said]], {**contract, "fields": said}).corrupt
    for field in said:
        filled = infer.filled_cells(frame[field["name"]], field)
        if field["name"] in corrupt and corrupt[field["name"]].sum() >= len(filled) > 0:
            form = f", format {field['format']}" if "format" in field else ""
            raise UserError(
                f'data/raw: no cell of "{field["name"]}" can be read as {field["type"]}{form} (such as {filled.iloc[0]!r}); '
                f"mend params.yaml: columns.{field['name']}"
            )
        if field["role"] == "time" and field["type"] not in ("date", "datetime", "number", "integer"):
            raise UserError(
                f'data/raw: "{field["name"]}" is {field["type"]} (such as {filled.iloc[0]!r}), and a time is a date or a number; '
                f"mend params.yaml: columns.{field['name']}"
            )


def drop_giveaways(frame: pd.DataFrame, contract: dict, columns: dict, notes: list[str]) -> None:
    """Ignore what gives the target away and name what may, unless the user gave the column a role."""
    target, task = contract["problem"]["target"], contract["problem"]["task"]
    typed = conform(frame, contract, ("target", "feature")).frame
    features = [f["name"] for f in used_fields(contract, ("feature",)) if "role" not in (columns.get(f["name"]) or {})]
    by_name = {f["name"]: f for f in contract["fields"]}
    for name, reason in given_away(typed, target, features, task).items():
        by_name[name] |= {"role": "ignored", "reason": reason}
    for name, reason in suspected(
        typed, target, [c for c in features if by_name[c]["role"] == "feature"], task
    ).items():
        by_name[name]["suspicion"] = reason
        notes.append(
            f'"{name}" may give the target away: {reason}; if it is not known when the prediction is made, put it under '
            f"problem.exclude, else say so: columns: {{{name}: {{role: feature}}}} (until then the gate fails)"
        )


def source(raw: RawTable) -> dict[str, Any]:
    """How the files were read; no row counts, which would change the contract with each new row."""
    encodings, delimiters = [sorted({f[k] for f in raw.facts}) for k in ("encoding", "delimiter")]
    return {
        "files": [f["file"] for f in raw.facts],
        "encoding": ", ".join(encodings),
        "delimiter": " ".join(delimiters),
        **raw.options.write(),
    }


def profile(raw: RawTable, contract: dict) -> dict[str, Any]:
    """What is in each column, for people."""
    columns = {}
    for field in contract["fields"]:
        values = raw.frame[field["name"]]
        filled = infer.filled_cells(values, field)
        columns[field["name"]] = {
            "type": field["type"],
            "role": field["role"],
            "filled": len(filled),
            "missing": len(values) - len(filled),
            "distinct": int(filled.nunique()),
            "reason": field.get("reason", ""),
            "examples": [str(v)[:60] for v in filled.unique()[:3]],
        }
    return {
        "rows": len(raw.frame) + len(raw.broken),
        "files": raw.facts,
        "columns": columns,
        "notes": contract["notes"],
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Sentences, for the eye alone, on the columns that are gone, new, or of another role or type than last time."""
    try:
        old, new = ({f["name"]: (f["role"], f["type"]) for f in c["fields"]} for c in (before, after))
    except (KeyError, TypeError):
        return []  # a contract of another make
    said = [f'since the last contract: "{n}" is gone' for n in old if n not in new]
    said += [f'since the last contract: "{n}" is new' for n in new if n not in old]
    for name in old:
        if name in new and old[name] != new[name]:
            said.append(f'since the last contract: "{name}" was {" ".join(old[name])}, and is {" ".join(new[name])}')
    return said
