"""The request models, made from the contract: what POST /predict and POST /feedback take, and how OpenAPI shows it.

One meaning for each kind of JSON value: numbers for numbers ("3" is refused), true and false (or the table's own words) for
booleans, texts for categories and dates, null for what is not known. A key for each column that the model uses is
required; id, group and unused columns may come along, so that a row can be sent as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Required  # typing's own from Python 3.12 on

from pydantic import ConfigDict, Field, StrictBool, StrictInt, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from lifecycle.table.contract import MODEL

MAX_TEXT = 100_000  # characters in one cell
MAX_FAULTS = 100  # named in one answer

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[str, Field(strict=True, max_length=MAX_TEXT)]
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def row_type(contract: dict[str, Any]) -> type:
    """A TypedDict of one row."""
    columns: dict[str, Any] = {}
    for field in contract["fields"]:
        if field["role"] in MODEL:
            columns[field["name"]] = Required[Annotated[_cell(field) | None, Field(description=_about(field))]]
        elif field["role"] != "target":
            about = f"{field['role']}: taken along, not used"
            columns[field["name"]] = NotRequired[
                Annotated[Text | StrictInt | Number | StrictBool | None, Field(description=about)]
            ]
    return with_config(STRICT)(TypedDict("Row", columns))


def _cell(field: dict[str, Any]) -> Any:
    if field["type"] in ("number", "integer"):
        return Number
    if field["type"] == "boolean":
        words = sorted({*field["trueValues"], *field["falseValues"], "true", "false"})
        codes = sorted(int(w) for w in words if w in ("0", "1"))
        word = Annotated[Text, Field(json_schema_extra={"enum": words})]
        return StrictBool | word | Literal[tuple(codes)] if codes else StrictBool | word
    if field["type"] in ("date", "datetime"):
        form = "" if field["format"] == "ISO8601" else f", or as the table has it: {field['format']}"
        return Annotated[Text, Field(description=f"{field['type']}, ISO 8601{form}")]
    return Text


def _about(field: dict[str, Any]) -> str:
    bounds = field.get("constraints", {})
    if "minimum" in bounds:
        return f"{field['type']}; {bounds['minimum']} to {bounds['maximum']} in training"
    if "enum" in bounds:
        levels = [str(v) for v in bounds["enum"]]
        more = f" and {len(levels) - 30} more" if len(levels) > 30 else ""
        return f"in training: {', '.join(levels[:30])}{more}"
    return {"text": "free text", "boolean": "true or false"}.get(field["type"], field["type"])


class Schema:
    """Validators of request bodies: JSON bytes in, plain rows out; `fault_list` says what is wrong with the others."""

    def __init__(self, contract: dict[str, Any], max_rows: int, example: dict[str, Any]) -> None:
        row = row_type(contract)
        rows = Annotated[list[row], Field(min_length=1, max_length=max_rows)]
        predict = with_config(
            STRICT | {"title": "PredictRequest", "json_schema_extra": {"examples": [{"rows": [example]}]}}
        )
        self.predict = TypeAdapter(predict(TypedDict("PredictRequest", {"rows": Required[rows]})))
        classes = contract["problem"]["classes"] if contract["problem"]["task"] != "regression" else []
        value = Number if not classes else Annotated[Text, Field(json_schema_extra={"enum": [str(c) for c in classes]})]
        label = with_config(STRICT)(
            TypedDict(
                "Label",
                {
                    "id": Required[
                        Annotated[Text, Field(description="id of an answer of POST /predict", max_length=64)]
                    ],
                    "value": Required[Annotated[value, Field(description=f"the true {contract['problem']['target']}")]],
                },
            )
        )
        labels = Annotated[list[label], Field(min_length=1, max_length=max_rows)]
        self.feedback = TypeAdapter(with_config(STRICT)(TypedDict("FeedbackRequest", {"labels": Required[labels]})))
        self.rows = TypeAdapter(list[row])

    def documents(self) -> dict[str, Any]:
        """JSON Schemas by name, for the OpenAPI document."""
        template = "#/components/schemas/{model}"
        _, out = TypeAdapter.json_schemas(
            [("predict", "validation", self.predict), ("feedback", "validation", self.feedback)], ref_template=template
        )
        return out["$defs"]


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


def _says(error: dict[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"the body is not JSON: {error['ctx']['error']}"
    return _SAYS.get(error["type"], error["msg"])
