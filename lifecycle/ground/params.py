"""params.yaml, a frozen class for each of its blocks: every key with its kind and range, checked before any work is done.

    train = TrainParams.load()          # train.folds, train.time_budget ...
    python -m lifecycle.ground.params   # writes params.schema.json, from which an editor checks params.yaml as it is typed

The values live in params.yaml alone: no default stands here. A key that is not in a class is refused, since a misspelt one
would change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_origin, get_type_hints

from lifecycle.ground.errors import UserError, nearest
from lifecycle.ground.files import read_yaml, write_text

if TYPE_CHECKING:
    from lifecycle.ground.metrics import Draw

PATH, SCHEMA = "params.yaml", "params.schema.json"


# ---- kinds of values --------------------------------------------------------------------------------------


def plain(number: float) -> str:
    """4294967295 and 0.9999, neither 4.29e+09 nor 5.0."""
    return str(int(number)) if number == int(number) else str(number)


class Kind:
    """What a key takes: `wanted` in words, `schema` as JSON Schema has it, `read` the value or a ValueError."""

    wanted = ""
    schema: Mapping[str, Any] = MappingProxyType({})

    def read(self, value: Any) -> Any:
        raise NotImplementedError


class Within(Kind):
    """Within [low, high]; `whole`: without a fraction."""

    def __init__(self, low: float, high: float, whole: bool = False) -> None:
        self.low, self.high, self.whole = low, high, whole
        self.wanted = f"a {'whole ' if whole else ''}number from {plain(low)} to {plain(high)}"
        self.schema = {"type": "integer" if whole else "number", "minimum": low, "maximum": high}

    def read(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise ValueError
        if self.whole and value != int(value):
            raise ValueError
        return int(value) if self.whole else value


class OneOf(Kind):
    """One of a few words."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.wanted = f"one of {', '.join(o for o in options if o)}" + (", or nothing" if "" in options else "")
        self.schema = {"enum": [*options, *([None] if "" in options else [])]}

    def read(self, value: Any) -> str:
        if value is None and "" in self.options:
            return ""
        if isinstance(value, bool) or value not in self.options:
            raise ValueError
        return str(value)


class FreeText(Kind):
    """A text; nothing counts as an empty one."""

    wanted = "a text"
    schema = MappingProxyType({"type": ["string", "number", "null"]})

    def read(self, value: Any) -> str:
        if isinstance(value, bool | list | dict):
            raise ValueError
        return "" if value is None else str(value)


class Anything(Kind):
    """What only a later look at the table can judge: a date, a threshold, a class."""

    wanted = "a value"

    def read(self, value: Any) -> Any:
        return "" if value is None else value


class Names(Kind):
    """A list of columns' names."""

    wanted = "a list of names, such as [name], or [] for none"
    schema = MappingProxyType({"type": ["array", "null"], "items": {"type": ["string", "number"]}})

    def read(self, value: Any) -> tuple[Any, ...]:
        if value is not None and not isinstance(value, list | tuple):
            raise ValueError
        return tuple(value or ())


class Receivers(Kind):
    """A list of addresses."""

    wanted = "a list of addresses in quotes, such as [github, 'mailtos://…'], or [] for none"
    schema = MappingProxyType({"type": ["array", "null"], "items": {"type": "string"}})

    def read(self, value: Any) -> tuple[str, ...]:
        if value is not None and not isinstance(value, list | tuple):
            raise ValueError
        if not all(isinstance(one, str) and one.strip() for one in value or ()):
            raise ValueError
        return tuple(one.strip() for one in value or ())


class OrNothing(Kind):
    """What another kind takes, or nothing: None."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.wanted = f"{kind.wanted}, or nothing"
        self.schema = {"anyOf": [dict(kind.schema), {"enum": ["", None]}]}

    def read(self, value: Any) -> Any:
        return None if value in ("", None) else self.kind.read(value)


class Keys(Kind):
    """Further keys with values of any kind; `example` says in which form."""

    def __init__(self, example: str) -> None:
        self.wanted = f"the form {example}, or {{}} for none"
        self.schema = {"type": ["object", "null"]}

    def read(self, value: Any) -> dict[str, Any]:
        if value is not None and not isinstance(value, Mapping):
            raise ValueError
        return dict(value or {})


class Inner(Kind):
    """A block within a block."""

    def __init__(self, block: type[Block]) -> None:
        self.block = block
        self.schema = block.schema()

    def read(self, value: Any) -> Any:
        return value  # read by Block.read, which knows its place


def kinds(block: type) -> dict[str, tuple[Kind, str]]:
    """(kind, what it is for) of each key, from its annotation."""
    found = {}
    for name, hint in get_type_hints(block, include_extras=True).items():
        if get_origin(hint) is Annotated:
            kind, *about = hint.__metadata__
            found[name] = (kind, about[0] if about else "")
    return found


# ---- blocks -----------------------------------------------------------------------------------------------


class Block:
    """What every block of params.yaml can do; `name`: what it is called there."""

    name: ClassVar[str] = ""

    @classmethod
    def load(cls, path: str | Path = PATH) -> Self:
        """This block of params.yaml."""
        block = read_blocks(path).get(cls.name, Block)
        if block is Block or not isinstance(block, Mapping | None):
            raise UserError(f'{path} has no block "{cls.name}:"; restore it (git checkout -- {path})')
        return cls.read(block or {}, cls.name, path)

    @classmethod
    def read(cls, given: Mapping[str, Any], name: str = "", path: str | Path = PATH) -> Self:
        """UserError where a key is unknown or lacking, or its value is not of the kind or the range."""
        name = name or cls.name
        known = {one: kind for one, (kind, _) in kinds(cls).items()}
        for one in given:
            if one not in known:
                near = nearest(str(one), list(known)) or f"; it has {', '.join(known)}"
                raise UserError(f"{path}: {name} has no key {one!r}{near}")
        lacking = [one for one in known if one not in given]
        if len(lacking) == 1:
            raise UserError(f"{path} has no {name}.{lacking[0]}; add it: it takes {known[lacking[0]].wanted}")
        if lacking:
            every = ", ".join(f"{name}.{one}" for one in lacking)
            raise UserError(f"{path} has no {every}; add them: params.schema.json says what each takes")
        values = {}
        for one, kind in known.items():
            if isinstance(kind, Inner):
                values[one] = kind.block.read(given[one] or {}, f"{name}.{one}", path)
                continue
            try:
                values[one] = kind.read(given[one])
            except (ValueError, TypeError):
                raise UserError(f"{path}: {name}.{one} is {given[one]!r}; it takes {kind.wanted}") from None
        return cls(**values)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """As JSON Schema."""
        keys = {}
        for one, (kind, about) in kinds(cls).items():
            keys[one] = dict(kind.schema) | ({"description": about} if about else {})
        return {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}


class Drawn(Block):
    """A block that says how a bootstrap is drawn."""

    if TYPE_CHECKING:  # the blocks say so themselves
        n_bootstrap: int
        confidence: float
        random_state: int

    @property
    def draw(self) -> Draw:
        from lifecycle.ground.metrics import Draw  # late: `define` waits for no metrics

        return Draw(self.n_bootstrap, self.confidence, self.random_state)


POSITIVE = Within(0, 1e9)
SHARE = Within(0, 1)
SEED = Within(0, 2**32 - 1, whole=True)
BOOTSTRAP = Within(20, 1e6, whole=True)
CONFIDENCE = Within(0.5, 0.9999)
VERDICT = OneOf("ok", "warn", "retrain")


@dataclass(frozen=True)
class ProblemParams(Block):
    name: ClassVar[str] = "problem"
    statement: Annotated[str, FreeText(), "the question that the model answers"]
    decision: Annotated[str, FreeText(), "what is decided from a prediction"]
    owner: Annotated[str, FreeText(), "who is responsible for the model"]
    unit: Annotated[str, FreeText(), "what one row is"]
    target: Annotated[Any, Anything(), "the column to predict"]
    task: Annotated[str, OneOf("", "binary", "multiclass", "regression"), "empty: inferred from the target"]
    positive: Annotated[Any, Anything(), "binary: the class whose probability is predicted"]
    metric: Annotated[
        str, FreeText(), "log_loss, roc_auc, accuracy, f1, rmse ...; empty: log_loss, of a regression rmse"
    ]
    criteria: Annotated[dict[str, Any], Keys('{roc_auc: ">= 0.8"}'), "what a release must reach"]
    costs: Annotated[dict[str, float], Keys("{false_positive: 1, false_negative: 5}"), "true_positive: a gain"]
    capacity: Annotated[Any, Anything(), "binary: how many rows can be acted on, 10% or 500 of 7000"]
    tolerance: Annotated[Any, Anything(), "regression: an error that is small enough, 5000 or 10%"]
    protected: Annotated[tuple[Any, ...], Names(), "columns whose groups must be treated alike"]
    exclude: Annotated[tuple[Any, ...], Names(), "columns that must not be used"]


@dataclass(frozen=True)
class DefineParams(Block):
    name: ClassVar[str] = "define"
    min_typed: Annotated[float, Within(0.5, 1)]
    encoding: Annotated[str, FreeText(), "of files that are not UTF-8"]
    sheet: Annotated[str, FreeText(), "of a workbook"]
    max_broken: Annotated[float, SHARE]
    max_levels: Annotated[float, SHARE]


@dataclass(frozen=True)
class SourceParams(Block):
    name: ClassVar[str] = "source"
    query: Annotated[str, FreeText(), "SQL, with ORDER BY, whose rows are the table"]
    database_url: Annotated[str, FreeText(), "the environment variable that holds the SQLAlchemy URL; never the URL"]

    @classmethod
    def load(cls, path: str | Path = PATH) -> Self:
        """Without the block, as in a project of before, there is no query."""
        return super().load(path) if cls.name in read_blocks(path) else cls("", "")


@dataclass(frozen=True)
class CleanParams(Block):
    name: ClassVar[str] = "clean"
    duplicates: Annotated[str, OneOf("auto", "drop", "keep")]
    min_filled: Annotated[float, SHARE]


@dataclass(frozen=True)
class SplitParams(Block):
    name: ClassVar[str] = "split"
    scheme: Annotated[str, OneOf("auto", "random", "group", "time")]
    test_size: Annotated[float, Within(0.01, 0.9)]
    test_from: Annotated[Any, Anything()]
    random_state: Annotated[int | None, OrNothing(SEED), "nothing: the draw that the contract remembers"]
    identity: Annotated[tuple[Any, ...], Names(), "the columns that name a row"]
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, given: Mapping[str, Any], name: str = "", path: str | Path = PATH) -> Self:
        """The older key `seed` is read as well, and named."""
        renamed = {"random_state" if one == "seed" else one: value for one, value in given.items()}
        block = super().read({"identity": []} | renamed, name, path)
        said = f"{path}: split.seed is called split.random_state now; rename it"
        return replace(block, notes=(said,)) if "seed" in given else block


@dataclass(frozen=True)
class TrainParams(Block):
    name: ClassVar[str] = "train"
    time_budget: Annotated[float, Within(1, 1e6), "seconds"]
    n_jobs: Annotated[int, Within(1, 256, whole=True)]
    max_memory_gb: Annotated[float, Within(0.5, 1e5), "of all processes of train; a table that takes more is sampled"]
    folds: Annotated[int, Within(2, 20, whole=True)]
    repeats: Annotated[int, Within(1, 100, whole=True)]
    metric: Annotated[str, FreeText()]
    choose: Annotated[str, FreeText()]
    max_latency_ms: Annotated[float, POSITIVE]
    max_size_mb: Annotated[float, POSITIVE]
    coverage: Annotated[float, Within(0.5, 0.999), "of prediction intervals and sets of classes"]
    threshold: Annotated[Any, Anything()]
    random_state: Annotated[int, SEED]
    candidates: Annotated[dict[str, Any], Keys("{linear: {C: 1.0, alpha: 1.0}}")]


@dataclass(frozen=True)
class EvaluateParams(Drawn):
    name: ClassVar[str] = "evaluate"
    confidence: Annotated[float, CONFIDENCE]
    n_bootstrap: Annotated[int, BOOTSTRAP]
    importance_repeats: Annotated[int, Within(1, 1000, whole=True)]
    importance_rows: Annotated[int, Within(10, 1e7, whole=True)]
    partial_dependence: Annotated[int, Within(0, 1000, whole=True)]
    max_slice_levels: Annotated[int, Within(1, 1000, whole=True)]
    min_slice_rows: Annotated[int, Within(2, 1e7, whole=True)]
    max_slices: Annotated[int, Within(0, 1e5, whole=True)]
    worst: Annotated[int, Within(0, 1000, whole=True)]
    reasons_rows: Annotated[int, Within(1, 1e5, whole=True)]
    random_state: Annotated[int, SEED]


@dataclass(frozen=True)
class ValidateParams(Drawn):
    name: ClassVar[str] = "validate"
    champion: Annotated[str, OneOf("compare", "ignore")]
    min_compared: Annotated[int, Within(1, 1e6, whole=True)]
    champion_margin: Annotated[float, Within(0, 1)]
    slice_floor: Annotated[float, Within(-10, 1)]
    leak_score: Annotated[float, SHARE]
    max_latency_ms: Annotated[float, Within(0, 1e6)]
    max_size_mb: Annotated[float, Within(0, 1e6)]
    n_rows: Annotated[int, Within(1, 1e5, whole=True)]
    n_bootstrap: Annotated[int, BOOTSTRAP]
    confidence: Annotated[float, CONFIDENCE]
    random_state: Annotated[int, SEED]


@dataclass(frozen=True)
class DeployParams(Block):
    name: ClassVar[str] = "deploy"
    golden_rows: Annotated[int, Within(1, 10_000, whole=True)]


@dataclass(frozen=True)
class Rules(Block):
    """What an alarm of each family leads to."""

    quality: Annotated[str, VERDICT]
    volume: Annotated[str, VERDICT]
    freshness: Annotated[str, VERDICT]
    columns: Annotated[str, VERDICT]
    relations: Annotated[str, VERDICT]
    rows: Annotated[str, VERDICT]
    far_rows: Annotated[str, VERDICT]
    predictions: Annotated[str, VERDICT]
    estimate: Annotated[str, VERDICT]
    performance: Annotated[str, VERDICT]
    bias: Annotated[str, VERDICT]
    if_labels_hold: Annotated[str, VERDICT]


@dataclass(frozen=True)
class MonitorParams(Drawn):
    name: ClassVar[str] = "monitor"
    false_alarms: Annotated[float, Within(0, 0.5)]
    window_rows: Annotated[int, Within(10, 1e7, whole=True)]
    min_rows: Annotated[int, Within(10, 1e7, whole=True)]
    min_labels: Annotated[int, Within(10, 1e7, whole=True)]
    min_faults: Annotated[float, SHARE]
    min_effect: Annotated[float, SHARE]
    min_correlation: Annotated[float, SHARE]
    min_auc: Annotated[float, Within(0.5, 1)]
    far_auc: Annotated[float, Within(0.5, 1)]
    min_lost: Annotated[float, Within(0, 10)]
    min_bias: Annotated[float, Within(0, 10)]
    volume_factor: Annotated[float, Within(1, 1e6)]
    as_of: Annotated[Any, Anything()]
    max_age_days: Annotated[float, POSITIVE]
    notify: Annotated[tuple[str, ...], Receivers(), "who is told when the verdict changes (actions/notify.py)"]
    rules: Annotated[Rules, Inner(Rules)]
    classifier_rows: Annotated[int, Within(50, 1e7, whole=True)]
    n_bootstrap: Annotated[int, BOOTSTRAP]
    confidence: Annotated[float, Within(0.5, 1)]
    random_state: Annotated[int, SEED]

    @classmethod
    def read(cls, given: Mapping[str, Any], name: str = "", path: str | Path = PATH) -> Self:
        """`notify` came later, and may be left out."""
        return super().read({"notify": []} | dict(given), name, path)


@dataclass(frozen=True)
class RetrainParams(Drawn):
    name: ClassVar[str] = "retrain"
    judge_share: Annotated[float, Within(0.05, 0.9)]
    min_judged: Annotated[int, Within(1, 1e7, whole=True)]
    min_learned: Annotated[int, Within(1, 1e7, whole=True)]
    n_bootstrap: Annotated[int, BOOTSTRAP]
    confidence: Annotated[float, CONFIDENCE]
    random_state: Annotated[int, SEED]


@dataclass(frozen=True)
class DrillParams(Block):
    name: ClassVar[str] = "drill"
    shift: Annotated[float, Within(0.1, 10)]
    enough_rows: Annotated[int, Within(1, 1e7, whole=True)]
    controls: Annotated[int, Within(1, 1000, whole=True)]
    allowed_alarms: Annotated[int, Within(0, 1000, whole=True)]
    required: Annotated[tuple[str, ...], Names(), "faults that fail the drill where they go unnoticed"]
    random_state: Annotated[int, SEED]


@dataclass(frozen=True)
class EngineParams(Block):
    name: ClassVar[str] = "engine"
    n_jobs: Annotated[int, Within(1, 256, whole=True), "processes that work on the parts of a large table"]
    scheduler: Annotated[str, FreeText(), "the address of a Dask scheduler, such as tcp://10.0.0.1:8786"]


BLOCKS = {block.name: block for block in (
    ProblemParams, SourceParams, DefineParams, CleanParams, SplitParams, TrainParams, EvaluateParams, ValidateParams, DeployParams,
    MonitorParams, RetrainParams, DrillParams, EngineParams,
)}  # fmt: skip


def read_columns(path: str | Path = PATH) -> dict[Any, Any]:
    """The block `columns`: what the user says of single columns, by name; judged by `define`, which knows the table."""
    columns = read_blocks(path).get("columns") or {}
    if not isinstance(columns, dict):
        raise UserError(
            f"{path}: columns is {columns!r}; it takes the form {{zip: {{type: string}}}}, or {{}} for none"
        )
    return columns


def read_blocks(path: str | Path = PATH) -> dict[str, Any]:
    """All blocks as they stand in the file."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no blocks of parameters; restore it (git checkout -- {path})")
    return content


def check_params(path: str | Path = PATH) -> None:
    """UserError where any block has a fault: found by the first stage, not after an hour's search."""
    for block in BLOCKS.values():
        block.load(path)


def schema() -> dict[str, Any]:
    """JSON Schema of the whole file; blocks of your own, for stages of your own, are free."""
    blocks = {name: block.schema() for name, block in BLOCKS.items()} | {"columns": {"type": ["object", "null"]}}
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": PATH}
    return about | {"type": "object", "properties": blocks, "required": list(blocks)}


if __name__ == "__main__":
    write_text(SCHEMA, json.dumps(schema(), indent=1, ensure_ascii=False) + "\n")
