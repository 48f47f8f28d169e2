"""What params.yaml asks of the table: names, types and roles that exist, each value of the kind it takes."""

from __future__ import annotations

from lifecycle.ground.errors import UserError, nearest
from lifecycle.table.names import tidy_name

TYPES = ("string", "text", "number", "integer", "boolean", "date", "datetime")
ROLES = ("feature", "id", "group", "time", "weight", "protected", "ignored")
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


def check_types(problem: dict, columns: dict) -> None:
    """Make each column's name text, which YAML may have read as a number; UserError where a value is of another kind."""
    for key, kind, example in (
        ("exclude", (list, tuple), "[name]"),
        ("protected", (list, tuple), "[name]"),
        ("criteria", dict, '{roc_auc: ">= 0.8"}'),
        ("costs", dict, "{false_negative: 5}"),
    ):
        if not isinstance(problem[key], kind):
            raise UserError(
                f"params.yaml: problem.{key} is {problem[key]!r}; it takes the form {example}, or nothing for none"
            )
    problem["target"] = as_name(problem["target"] if problem["target"] is not None else "", "problem.target")
    for key in ("exclude", "protected"):
        problem[key] = [as_name(n, f"problem.{key}") for n in problem[key]]
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


def check_names(header: list[str], problem: dict, columns: dict, identity: list[str]) -> None:
    """UserError where params.yaml speaks of a column, a type or a role that is not there."""
    target = problem["target"]
    if not target:
        raise UserError(
            f"params.yaml: problem.target is empty; name the column to predict, one of {', '.join(header[:12])}"
        )
    named = {
        "problem.target": [target],
        "problem.exclude": problem["exclude"],
        "problem.protected": problem["protected"],
        "columns": list(columns),
        "split.identity": identity,
    }
    for where, names in named.items():
        for name in names:
            if name not in header:
                near = nearest(name, header) or f"; it has {', '.join(header[:12])}"
                raise UserError(f'data/raw has no column "{name}"{near} (params.yaml: {where})')
    for key in ("exclude", "protected"):
        if target in problem[key]:
            raise UserError(f'params.yaml: problem.{key} names the target "{target}"; take it out')
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
