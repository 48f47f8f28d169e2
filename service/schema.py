"""The request models, made from the contract: what POST /predict and POST /feedback take, and how OpenAPI shows it.

One meaning for each kind of JSON value: numbers for numbers ("3" is refused), true and false (or the table's own words) for
booleans, texts for categories and dates, null for what is not known. A key for each column that the model uses is
required; id, group and unused columns may come along, so that a row can be sent as it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired, Required  # typing's own from Python 3.12 on

from pydantic import ConfigDict, StrictBool, StrictInt, TypeAdapter, ValidationError, with_config
from pydantic import Field as Bounds
from typing_extensions import TypedDict

from lifecycle.table.contract import Contract, Field
from service.engine import SLICE

MAX_TEXT = 100_000  # characters in one cell

Number = Annotated[float, Bounds(strict=True, allow_inf_nan=False)]
Text = Annotated[str, Bounds(strict=True, max_length=MAX_TEXT)]
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def row_type(contract: Contract) -> Any:
    """A TypedDict of one row."""
    columns: dict[str, Any] = {}
    features = contract.features
    for field in contract.fields:
        if field in features:
            columns[field.name] = Required[Annotated[_cell(field) | None, Bounds(description=_about(field))]]
        elif field.role != "target":
            about = f"{field.role}: taken along, not used"
            anything = Text | StrictInt | Number | StrictBool | None
            columns[field.name] = NotRequired[Annotated[anything, Bounds(description=about)]]
    return _form("Row", columns)


def _cell(field: Field) -> Any:
    if field.is_number:
        return Number
    if field.type == "boolean":
        words = sorted({*field.true_values, *field.false_values, "true", "false"})
        codes = sorted(int(w) for w in words if w in ("0", "1"))
        word = Annotated[Text, Bounds(json_schema_extra={"enum": words})]
        return StrictBool | word | Literal[tuple(codes)] if codes else StrictBool | word
    if field.is_date:
        form = "" if field.format == "ISO8601" else f", or as the table has it: {field.format}"
        return Annotated[Text, Bounds(description=f"{field.type}, ISO 8601{form}")]
    return Text


def _about(field: Field) -> str:
    if field.minimum is not None:
        return f"{field.type}; {field.minimum} to {field.maximum} in training"
    if field.levels:
        more = f" and {len(field.levels) - 30} more" if len(field.levels) > 30 else ""
        return f"in training: {', '.join(map(str, field.levels[:30]))}{more}"
    return {"text": "free text", "boolean": "true or false"}.get(field.type, field.type)


def example_row(contract: Contract) -> dict[str, Any]:
    """A row of the right types, made from what the contract says of its columns: no row of the training data."""
    return {field.name: _example(field) for field in contract.features}


def _example(field: Field) -> Any:
    if field.is_number:
        return _round_middle(field.minimum or 0, field.maximum or 0)
    if field.type == "boolean":
        return True
    if field.is_date:
        return _middle_date(field)
    return str(field.levels[0]) if field.levels else "some text"


def _round_middle(low: float, high: float) -> float:
    """A number between `low` and `high` with as few digits as will do."""
    middle = (low + high) / 2
    for digits in range(1, 17):
        number = float(f"{middle:.{digits}g}")
        if low <= number <= high:
            return int(number) if number.is_integer() else number
    return middle


def _middle_date(field: Field) -> str:
    low = datetime.fromisoformat(str(field.minimum or "2026-05-31"))
    high = datetime.fromisoformat(str(field.maximum or low))
    middle = (low + (high - low) / 2).replace(microsecond=0)
    return middle.date().isoformat() if field.type == "date" else middle.isoformat()


class Schema:
    """Validators of request bodies: JSON bytes in, plain rows out; `fault_list` says what is wrong with the others."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self.max_rows = max_rows
        row: Any = row_type(contract)
        rows = Annotated[list[row], Bounds(min_length=1, max_length=max_rows)]
        example = {"rows": [example_row(contract)]}
        predict = _form("PredictRequest", {"rows": Required[rows]}, example)
        value: Any = Number
        if contract.problem.classes:
            value = Annotated[Text, Bounds(json_schema_extra={"enum": list(contract.problem.classes)})]
        id_ = Annotated[Text, Bounds(description="id of an answer of POST /predict", max_length=64)]
        true_value = Annotated[value, Bounds(description=f"the true {contract.problem.target}")]
        label: Any = _form("Label", {"id": Required[id_], "value": Required[true_value]})
        labels = Annotated[list[label], Bounds(min_length=1, max_length=max_rows)]
        self.predict: TypeAdapter[Any] = TypeAdapter(predict)
        self.feedback: TypeAdapter[Any] = TypeAdapter(_form("FeedbackRequest", {"labels": Required[labels]}))
        self.rows: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(list[row])

    def read_at_once(self, body: bytes) -> list[dict[str, Any]]:
        """The rows of a body of POST /predict. Raises ValidationError, which says what is wrong with it, and where."""
        rows: list[dict[str, Any]] = self.predict.validate_json(body)["rows"]
        return rows

    async def read_rows(self, body: bytes) -> list[dict[str, Any]]:
        """The same, but those of a long one are read piece by piece: the parser lets no other request through until it is done."""
        if len(body) < LONG_BODY:
            return self.read_at_once(body)
        rows: list[dict[str, Any]] = []
        try:
            for piece in pieces(body):
                rows += self.rows.validate_json(piece)
                if len(rows) > self.max_rows:
                    break
                await asyncio.sleep(0)
            else:
                return rows
        except ValueError:
            pass
        return self.read_at_once(body)  # says what is wrong


def _form(name: str, columns: dict[str, Any], example: Any = None) -> Any:
    """A TypedDict that takes these keys and no other."""
    form = TypedDict(name, columns)  # type: ignore[misc]  # made at run time from the contract
    more = {"json_schema_extra": {"examples": [example]}} if example else {}
    return with_config(ConfigDict(**STRICT, title=name, **more))(form)  # type: ignore[typeddict-item]


LONG_BODY = 64_000  # bytes
HEAD = re.compile(rb'\s*\{\s*"rows"\s*:\s*\[')
# up to SLICE objects without an object in them, each with the comma after it
OBJECTS = re.compile(rb'(?:\s*+\{(?:[^{}"]++|"(?:[^"\\]++|\\.)*+")*+\}\s*+,?+){1,%d}+' % SLICE, re.DOTALL)
TAIL = re.compile(rb"\]\s*\}\s*\Z")


def pieces(body: bytes) -> Iterator[bytes]:
    """The array of rows in `body` as several arrays. Raises ValueError where the body has another form."""
    head = HEAD.match(body)
    if not head:
        raise ValueError("not an array of rows")
    at = head.end()
    while found := OBJECTS.match(body, at):
        at = found.end()
        piece = found.group()
        last = TAIL.match(body, at) is not None
        if piece.endswith(b",") == last:
            raise ValueError("a comma too many, or too few")
        yield b"[%s]" % (piece if last else piece[:-1])
    if not TAIL.match(body, at):
        raise ValueError("not an array of rows")


def fault_list(error: ValidationError) -> list[dict[str, Any]]:
    """One fault for each row and column; never with the input, which may hold what JSON cannot say or nobody should see."""
    found: dict[tuple, dict[str, Any]] = {}
    for e in error.errors(include_url=False, include_input=False):
        at = next((i for i, place in enumerate(e["loc"]) if isinstance(place, int)), None)
        row, column = (
            (None, None) if at is None else (e["loc"][at], str(e["loc"][at + 1]) if len(e["loc"]) > at + 1 else None)
        )
        says = _says(e) if at is not None or not e["loc"] else f"{e['loc'][0]!r}: {_says(e)}"
        found.setdefault(
            (row, column, None if row is not None else says), {"row": row, "column": column, "fault": says}
        )
    return list(found.values())


_SAYS = {
    "missing": "is missing; send null where it is not known",
    "extra_forbidden": "is not a column of the contract",
    "float_type": "takes a number (not a text) or null",
    "string_type": "takes a text or null",
    "finite_number": "takes a finite number or null",
    "bool_type": "takes true or false, or null",
}


def _says(error: Any) -> str:
    if error["type"] == "json_invalid":
        return f"the body is not JSON: {error['ctx']['error']}"
    return _SAYS.get(error["type"], error["msg"])
