"""What the service answers: JSON, its forms for the OpenAPI document, and the refusal that a route raises."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, create_model, with_config
from pydantic_core import to_json
from starlette.responses import Response
from typing_extensions import TypedDict

CLOSED = ConfigDict(extra="forbid")  # the document promises these keys and no other
MAX_FAULTS = 100  # named in one answer


def reply(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")


@with_config(CLOSED)
class Fault(TypedDict):
    row: int | None
    column: str | None
    fault: str


@with_config(CLOSED)
class Error(TypedDict):
    error: str
    request_id: str


@with_config(CLOSED)
class Faults(TypedDict):
    error: str
    faults: list[Fault]
    request_id: str


@with_config(CLOSED)
class Kept(TypedDict):
    kept: int
    request_id: str


@with_config(CLOSED)
class Alive(TypedDict):
    live: bool


@with_config(CLOSED)
class Ready(TypedDict):
    ready: bool
    version: str
    faults: list[str]


class About(TypedDict):
    name: str
    version: NotRequired[str]


@with_config(CLOSED)
class OutputTensor(TypedDict):
    name: str
    datatype: str
    shape: list[int]
    data: NotRequired[list[Any]]
    parameters: NotRequired[dict[str, Any]]


@with_config(CLOSED)
class InferResponse(TypedDict):
    model_name: str
    model_version: str
    id: str
    parameters: dict[str, Any]
    outputs: list[OutputTensor]


@with_config(CLOSED)
class Reason(TypedDict):
    column: str
    amount: float
    error: float
    text: str


@with_config(CLOSED)
class Explanation(TypedDict):
    average: float
    of: NotRequired[str]
    reasons: list[Reason]


Flag = Literal["missing", "unseen", "out_of_range"]
Probability = Annotated[float, Field(ge=0, le=1)]


def predict_response(classes: list[str]) -> type[BaseModel]:
    """The form of an answer of POST /predict; `classes`: those of a classification, none of a regression."""
    columns: dict[str, Any] = {"id": (str, ...), "prediction": (float, ...)}
    if classes:
        columns["prediction"] = (Annotated[str, Field(json_schema_extra={"enum": [*classes]})], ...)
        columns["probabilities"] = (
            Annotated[dict[str, Probability], Field(json_schema_extra=_one_of_each(classes))],
            ...,
        )
    if classes:
        about = "the classes that may be the right one, as often as the model's level says"
        columns["set"] = (list[str], Field(default=None, description=about))
    else:
        about = "low and high: the value is between them as often as the model's level says"
        columns["interval"] = (
            Annotated[list[float], Field(min_length=2, max_length=2)],
            Field(default=None, description=about),
        )
    columns["flags"] = (Annotated[dict[str, Flag], Field(description="cells answered all the same, by column")], ...)
    columns["explanation"] = (
        Explanation,
        Field(default=None, description="with explain=true: what moved the prediction"),
    )
    prediction = create_model("Prediction", __config__=CLOSED, **columns)
    return create_model(
        "PredictResponse",
        __config__=CLOSED,
        predictions=(list[prediction], ...),  # type: ignore[valid-type]  # made at run time from the contract
        model=(str, ...),
        version=(str, ...),
        request_id=(str, ...),
        logged=(bool, ...),
    )


def _one_of_each(classes: list[str]) -> Any:
    chance = {"type": "number", "minimum": 0, "maximum": 1}
    return {"properties": dict.fromkeys(classes, chance), "required": classes, "additionalProperties": False}


class Refusal(Exception):
    """An answer other than 200: its status, a sentence, and the faults by row and column where there are any."""

    def __init__(self, status: int, error: str, faults: list[dict[str, Any]] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.faults = status, error, faults

    @classmethod
    def of(cls, faults: list[dict[str, Any]]) -> Refusal:
        """422, with the first of `faults`."""
        error = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        if len(faults) > MAX_FAULTS:
            error += f", the first {MAX_FAULTS} of them here"
        return cls(422, f"the request breaks the contract: {error}", faults[:MAX_FAULTS])

    def content(self, request_id: str) -> dict[str, Any]:
        content: dict[str, Any] = {"error": self.error}
        if self.faults is not None:
            content["faults"] = self.faults
        return {**content, "request_id": request_id}

    def reply(self, request_id: str) -> Response:
        return reply(self.content(request_id), self.status)
