"""The contract: what is predicted from which columns, and how each cell is read. `define` makes it, everything else reads it.

Made and checked once, where it enters: `read_contract` for data/contract.yaml, `Contract.read` for what is in memory. The
YAML's `fields` are a Frictionless Table Schema (lifecycle.table.schema says which keys are the standard's and which ours).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import read_yaml

PATH = "data/contract.yaml"
MODEL = ("feature", "time")  # roles that the model sees
USED = ("feature", "target", "id", "group", "time", "weight", "protected")
NUMBERS, TEXTS, DATES = ("number", "integer"), ("string", "text"), ("date", "datetime")


@dataclass(frozen=True)
class Criterion:
    """What a release must reach: `metric` `sign` `bound`, as in roc_auc >= 0.8."""

    metric: str
    sign: str
    bound: float

    @classmethod
    def read(cls, metric: str, wanted: Any, greater_is_better: bool) -> Criterion:
        """From params.yaml's `{roc_auc: ">= 0.8"}`. Without a sign, as the metric is meant. UserError where it is no bound."""
        usual = ">=" if greater_is_better else "<="
        found = re.fullmatch(r"\s*(>=|<=|>|<)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(%?)\s*", str(wanted), re.I)
        if isinstance(wanted, bool) or not found:
            raise UserError(f'params.yaml: problem.criteria.{metric} is {wanted!r}; write it like "{usual} 0.8"')
        bound = float(found[2])
        return cls(metric, found[1] or usual, bound / 100 if found[3] else bound)

    def holds(self, value: float | None) -> bool:
        """Whether `value` reaches the bound; an unknown value does not."""
        if value is None:
            return False
        if self.sign == ">=":
            return value >= self.bound
        if self.sign == "<=":
            return value <= self.bound
        return value > self.bound if self.sign == ">" else value < self.bound

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


@dataclass(frozen=True)
class Problem:
    """`classes`: in the order of the model's probabilities, the positive one last; empty for a regression. `capacity`: {rows, of},
    how many of how many rows can be acted on; `tolerance`: {error} in the target's unit, or {share} of the actual value."""

    target: str
    task: str
    metric: str = ""
    positive: str = ""
    classes: tuple[str, ...] = ()
    statement: str = ""
    decision: str = ""
    owner: str = ""
    unit: str = ""
    criteria: Mapping[str, Any] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    capacity: Mapping[str, float] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def read(cls, block: Mapping[str, Any] | Problem) -> Problem:
        if isinstance(block, Problem):
            return block
        given = {key: value for key, value in block.items() if key in cls.__dataclass_fields__}
        for key in ("classes", "exclude", "protected"):
            given[key] = tuple(str(v) for v in given.get(key) or ())
        return cls(**given)

    @property
    def required(self) -> list[Criterion]:
        """What `criteria` ask for. UserError where one is no bound, or of a metric that the task has not."""
        from lifecycle.ground.metrics import is_greater_better  # late: who reads rows waits for no metrics

        up = {name: is_greater_better(name, self.task) for name in self.criteria}
        return [Criterion.read(name, wanted, up[name]) for name, wanted in self.criteria.items()]

    def write(self) -> dict[str, Any]:
        out: dict[str, Any] = {key: getattr(self, key) for key in ("statement", "decision", "owner", "unit")}
        out |= {"target": self.target, "task": self.task, "metric": self.metric}
        if self.task != "regression":
            out |= {"positive": self.positive, "classes": list(self.classes)}
        out |= {"criteria": dict(self.criteria), "costs": dict(self.costs)}
        for key in ("capacity", "tolerance"):
            if getattr(self, key):
                out[key] = dict(getattr(self, key))
        if self.protected:
            out["protected"] = list(self.protected)
        return out | {"exclude": list(self.exclude)}

    @property
    def capacity_share(self) -> float | None:
        """The share of the rows that can be acted on; None where nothing bounds it."""
        return self.capacity["rows"] / self.capacity["of"] if self.capacity else None


# attribute of a Field: its name in the YAML, where that differs
SPELLED = {
    "missing_values": "missingValues",
    "true_values": "trueValues",
    "false_values": "falseValues",
    "decimal_char": "decimalChar",
    "group_char": "groupChar",
    "bare_number": "bareNumber",
}


@dataclass(frozen=True)
class Field:
    """One column. `minimum`, `maximum`: numbers, or ISO texts of dates; `levels`: of a category, where they were few enough
    to list, else empty; `notation`: how its numbers are written (lifecycle.table.notation), `formats`: of its dates, after
    `format`; `spellings`: {as written: class}; `was`: earlier names; `spec`: all that its YAML says."""

    name: str
    role: str = "feature"
    type: str = "string"
    format: str = ""
    missing_values: tuple[str, ...] = ("",)
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    decimal_char: str = "."
    group_char: str = ""
    bare_number: bool = True
    unit: str = ""
    notation: Mapping[str, Any] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    was: tuple[str, ...] = ()
    minimum: Any = None
    maximum: Any = None
    levels: tuple[str, ...] = ()
    reason: str = ""
    suspicion: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, spec: Mapping[str, Any] | Field) -> Field:
        if isinstance(spec, Field):
            return spec
        given: dict[str, Any] = {"spec": spec}
        for attribute in cls.__dataclass_fields__:
            spelled = SPELLED.get(attribute, attribute)
            if spelled in spec and attribute not in ("type", "minimum", "maximum", "levels", "spec"):
                given[attribute] = spec[spelled]
        for attribute in ("missing_values", "true_values", "false_values", "formats", "was"):
            if attribute in given:
                given[attribute] = tuple(str(v) for v in given[attribute])
        given["type"] = spec.get("kind") or spec.get("type", cls.type)
        bounds = spec.get("constraints") or {}
        given |= {"minimum": bounds.get("minimum"), "maximum": bounds.get("maximum")}
        given["levels"] = tuple(spec.get("levels") or bounds.get("enum") or ())
        if given["type"] in DATES:
            given |= _dated(given)
        return cls(**given)

    def write(self) -> dict[str, Any]:
        return dict(self.spec)

    @property
    def is_number(self) -> bool:
        return self.type in NUMBERS

    @property
    def is_date(self) -> bool:
        return self.type in DATES

    def boolean_word(self, value: bool) -> str:
        """What the table calls true or false, where it has one word for it."""
        words = self.true_values if value else self.false_values
        if len(words) == 1:
            return words[0]
        return str(value).lower()

    @property
    def is_text(self) -> bool:
        """A category or free text: no number, date or boolean."""
        return self.type in TEXTS


def _dated(given: Mapping[str, Any]) -> dict[str, Any]:
    """`format` and `formats` as the house reads dates, and the bounds, which the files spell, as ISO texts."""
    from lifecycle.table import dates  # late: it needs the Field

    formats, standard = list(given.get("formats", ())), given.get("format", "")
    if standard not in ("", "default", "any", *formats):
        formats.insert(len(formats) if dates.ISO in formats else 0, standard)  # ISO 8601 is the quickest to read
    formats = formats or [dates.ISO]
    out: dict[str, Any] = {"format": formats[0], "formats": tuple(formats[1:])}
    for bound in ("minimum", "maximum"):
        moment = None if given[bound] is None else dates.read(str(given[bound]), (*formats, dates.ISO))
        out[bound] = moment and moment.isoformat()
    return out


@dataclass(frozen=True)
class Identity:
    """Which rows are the same thing, by the raw table's cells, whatever their roles and types.

    `columns`: those that name a row, all where there are none; `group`: the column of the thing that several rows are of,
    `part` the pattern of what counts in its cells; `random_state`: the draw of the test rows that parted the table evenly when
    it was first seen.
    """

    columns: tuple[str, ...] = ()
    group: str = ""
    part: str = ""
    random_state: int = 1

    @classmethod
    def read(cls, block: Mapping[str, Any] | Identity | None) -> Identity:
        if isinstance(block, Identity):
            return block
        given = {key: value for key, value in (block or {}).items() if key in cls.__dataclass_fields__}
        return cls(**given | {"columns": tuple(str(c) for c in given.get("columns") or ())})

    def write(self) -> dict[str, Any]:
        out: dict[str, Any] = {"columns": list(self.columns)}
        out |= {key: getattr(self, key) for key in ("group", "part") if getattr(self, key)}
        return out | {"random_state": self.random_state}


@dataclass(frozen=True)
class Contract:
    """`source`: how the files were read; `notes`: what `define` decided, a sentence each."""

    problem: Problem
    fields: tuple[Field, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    identity: Identity = Identity()

    @classmethod
    def read(cls, content: Mapping[str, Any] | Contract, path: str | Path = PATH) -> Contract:
        if isinstance(content, Contract):
            return content
        try:
            problem = Problem.read(content["problem"])
            fields = tuple(Field.read(spec) for spec in content["fields"])
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is not a contract ({error}); `dvc repro define` writes it anew") from error
        identity = Identity.read(content.get("identity") or by_roles(fields))
        return cls(problem, fields, content.get("source") or {}, tuple(content.get("notes") or ()), identity)

    def write(self) -> dict[str, Any]:
        """As data/contract.yaml has it."""
        out: dict[str, Any] = {"problem": self.problem.write()}
        if self.source:
            out["source"] = dict(self.source)
        if self.identity != Identity():
            out["identity"] = self.identity.write()
        return out | {"fields": [f.write() for f in self.fields], "notes": list(self.notes)}

    def used(self, roles: Iterable[str] = USED) -> list[Field]:
        """Fields in one of `roles`, in the table's order."""
        return [f for f in self.fields if f.role in roles]

    def names(self, roles: Iterable[str] = USED) -> list[str]:
        return [f.name for f in self.used(roles)]

    @cached_property
    def readers(self) -> dict[str, Any]:
        """The reader of each field, by its name, as `conform` makes them when they are first asked for."""
        return {}

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {f.name: f for f in self.fields}

    @property
    def features(self) -> list[Field]:
        """What the model sees."""
        return self.used(MODEL)

    @property
    def time(self) -> Field | None:
        return self._only("time")

    @property
    def group(self) -> Field | None:
        return self._only("group")

    @property
    def weight(self) -> Field | None:
        return self._only("weight")

    def _only(self, role: str) -> Field | None:
        return next((f for f in self.fields if f.role == role), None)


def by_roles(fields: Iterable[Field]) -> dict[str, Any]:
    """The identity block of a contract that has none, as before it was made of the raw table."""
    named = {role: [f.name for f in fields if f.role == role] for role in ("id", "group")}
    return {"columns": named["id"], "group": next(iter(named["group"]), "")}


def read_contract(path: str | Path = PATH) -> Contract:
    """The contract that `define` wrote."""
    return Contract.read(read_yaml(path), path)
